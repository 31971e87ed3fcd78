import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { allDone, makeBatch, take } from '../src/buffer/sample-batches.ts'
import { lockDirectory } from '../src/ledger/lock.ts'
import { Marks } from '../src/ledger/marks.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-kill-'))
})
afterEach(() => rm(dir, { recursive: true }))

const stream = 'a'.repeat(16)

/** Runs the child until it has told `lines` lines, kills it with -9 and gives all it told. */
async function runAndKill(first: number, lines: number) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'buffer-kill-child.ts'), dir, String(first)])
  let told = ''
  let errors = ''
  child.stderr.on('data', (bytes) => {
    errors += bytes
  })
  child.stdout.on('data', (bytes) => {
    told += bytes
    if (told.split('\n').length > lines) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'close')
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`)
  // Without the last line, if that was cut.
  return told.split('\n').slice(0, -1)
}

test('kill -9 while writing and settling, again and again: all that was acknowledged is there exactly once', async () => {
  const appended = new Set<number>()
  const settled = new Set<string>()
  let next = 1
  for (const lines of [30, 200, 1000, 37, 500, 301]) {
    for (const line of await runAndKill(next, lines)) {
      const [what, number, part] = line.split(' ')
      if (what === 'a') appended.add(Number(number))
      else settled.add(`${number}.${part}`)
    }
    // The lock of the dead is free, and the numbers go on behind the highest that is known.
    const lock = await lockDirectory(dir)
    const marks = await Marks.open(join(dir, 'ledger'))
    const buffer = await open(marks)
    next = buffer.lastNumber('store', stream) + 1
    check(buffer, marks)
    await buffer.close()
    await marks.close()
    await lock.release()
  }

  const marks = await Marks.open(join(dir, 'ledger'))
  const buffer = await open(marks)
  const waiting = new Set<string>()
  const { batches } = await buffer.depth('store')
  for (const { batch } of await take(buffer, batches)) {
    const key = `${batch.number}.${batch.part}`
    expect(waiting.has(key)).toBe(false)
    waiting.add(key)
    const whole = makeBatch(batch.number, { count: 2 + (batch.number % 9) }).body
    expect(Buffer.from(batch.body)).toEqual(whole.subarray(batch.part === 0 ? 0 : whole.length - batch.body.length))
    expect(marks.has('store', stream, batch.number, batch.part)).toBe(false)
  }
  for (const key of settled) {
    const [number, part] = key.split('.').map(Number)
    expect(marks.has('store', stream, number ?? 0, part ?? 0), `settled ${key}`).toBe(true)
  }
  for (const number of appended) {
    const isWaiting = [0, 1, 2, 3, 4, 5, 6, 7].some((part) => waiting.has(`${number}.${part}`))
    const isOver = !marks.missing('store', stream).some(([from, to]) => from <= number && number <= to)
    expect(isWaiting || (isOver && number <= marks.last('store', stream)), `appended ${number}`).toBe(true)
  }
  // And everything can be settled to the last event.
  await buffer.close()
  const last = await open(marks)
  const rest = await last.depth('store')
  for (const lease of await take(last, rest.batches)) await lease.settle(allDone(lease))
  check(last, marks)
  await last.close()
  await marks.close()
})

function open(marks: Marks) {
  return DiskBuffer.open({ path: join(dir, 'buffer'), size: 1e9, age: 1e9, sync: '1s', marks })
}

/** Each number that is neither waiting nor a gap is settled for good: events settled + waiting = events of the numbers. */
function check(buffer: DiskBuffer, marks: Marks) {
  const last = buffer.lastNumber('store', stream)
  const isGap = (number: number) => buffer.gaps().some(({ from, to }) => from <= number && number <= to)
  let events = 0
  for (let number = 1; number <= last; number++) if (!isGap(number)) events += 2 + (number % 9)
  const totals = marks.totals().find(({ output }) => output === 'store')
  const waiting = buffer.buffered().reduce((sum, { count }) => sum + count, 0)
  const lost = totals?.lost.damaged ?? 0
  expect((totals?.done ?? 0) + lost + waiting).toBe(events)
  expect(totals?.duplicate ?? 0).toBe(0)
  const byHost = (totals?.hosts ?? []).reduce((sum, { settled }) => sum + settled, 0)
  expect(byHost).toBe((totals?.done ?? 0) + lost)
}

test('a directory whose owner runs is refused with its pid, and free after kill -9', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'buffer-kill-child.ts'), dir])
  const ended = once(child, 'close').then(() => Promise.reject(new Error('the child ended by itself')))
  await Promise.race([once(child.stdout, 'data'), ended])
  ended.catch(() => {})
  await expect(lockDirectory(dir)).rejects.toThrow(`pid ${child.pid},`)
  child.kill('SIGKILL')
  await once(child, 'close')
  await (await lockDirectory(dir)).release()
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Happening } from '../src/deliver/store/happening.ts'
import { Store } from '../src/deliver/store/store.ts'
import { BAD, BATCHES, EVENTS, idOf, storeBatch } from './store-batches.ts'

let path: string
let happenings: Happening[]

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'sluice-store-'))
  happenings = []
})

afterEach(() => rmSync(path, { recursive: true }))

/** Runs the child until it dies; returns how it ended and the last batch it had an answer for. */
async function run(step: string, passes: number): Promise<{ signal: unknown; answered: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-child.ts'), path, step, String(passes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += String(chunk)
  })
  const [, signal] = await once(child, 'close')
  return { signal, answered: printed.split('\n').length - 1 }
}

/** Delivers everything again, as the buffer does with what was not settled, and checks that each event is there once. */
async function checkExactlyOnce(answered: number): Promise<void> {
  const store = await Store.open({ path, report: (one) => happenings.push(one) })
  try {
    for (let number = 1; number <= BATCHES; number++) {
      const [outcome] = await store.deliver([storeBatch(number)])
      expect(outcome?.exceptions).toEqual([[BAD, 'dead', expect.stringContaining('JSON')]])
      expect((outcome?.done ?? 0) + (outcome?.duplicate ?? 0)).toBe(EVENTS - 1)
      if (number <= answered) expect(outcome?.done).toBe(0)
    }
    const ids: string[] = []
    for await (const { id } of store.query({ limit: 1_000_000, order: 'oldest' })) ids.push(id)
    const expected: string[] = []
    for (let number = 1; number <= BATCHES; number++) {
      for (let index = 0; index < EVENTS; index++) if (index !== BAD) expected.push(idOf(number, index))
    }
    expect(ids).toEqual(expected)
  } finally {
    await store.close()
  }
  expect(happenings.filter(({ kind }) => kind !== 'sealed')).toEqual([])
  const files = readdirSync(path, { recursive: true }).map(String)
  expect(files.filter((file) => file.endsWith('.writing') || file.includes('damaged'))).toEqual([])
}

test.each([
  ['inserted', 5],
  ['committed', 0],
  ['committed', 5],
  ['announced', 0],
  ['written', 0],
  ['synced', 1],
  ['renamed', 0],
  ['renamed', 1],
  ['deleted', 0],
  ['registered', 0],
  ['registered', 1],
])('killed at "%s" (after %i): each event is there once', async (step, passes) => {
  const { signal, answered } = await run(step, passes)
  expect(signal).toBe('SIGKILL')
  await checkExactlyOnce(answered)
})

test('killed again and again, at one step after the other', async () => {
  let answered = 0
  for (const step of ['committed', 'written', 'renamed', 'deleted', 'registered', 'inserted']) {
    const ended = await run(step, step === 'committed' ? 2 : 0)
    expect(ended.signal).toBe('SIGKILL')
    answered = Math.max(answered, ended.answered)
  }
  await checkExactlyOnce(answered)
})

test('a log cut or damaged by the machine: the start goes on, and what is left is whole', async () => {
  await run('committed', 5)
  const log = readdirSync(path).find((name) => name.endsWith('.wal'))
  const file = join(path, String(log))
  const whole = readFileSync(file)
  for (const damage of [
    () => writeFileSync(file, whole.subarray(0, whole.length - 100)),
    () => writeFileSync(file, whole.subarray(0, 5)),
    () => {
      const flipped = Buffer.from(whole)
      const middle = flipped.length >> 1
      flipped[middle] = (flipped[middle] ?? 0) ^ 0x40
      writeFileSync(file, flipped)
    },
  ]) {
    rmSync(path, { recursive: true })
    await run('committed', 5)
    damage()
    const store = await Store.open({ path, report: (one) => happenings.push(one) })
    const stored = new Map<number, number>()
    for await (const { id } of store.query({ limit: 1_000_000 })) {
      const number = Number(id.split('-')[1])
      stored.set(number, (stored.get(number) ?? 0) + 1)
    }
    // Batches are there as a whole or not at all, and the marks agree with the rows.
    for (let number = 1; number <= BATCHES; number++) {
      const [outcome] = await store.deliver([storeBatch(number)])
      expect(outcome?.duplicate).toBe(stored.get(number) ?? 0)
      expect([0, EVENTS - 1]).toContain(stored.get(number) ?? 0)
    }
    await store.close()
  }
})

import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Marks } from '../../ledger/marks.ts'
import { allDone, lastAgain, makeBatch, restOf, take, takeOne } from '../sample-batches.ts'
import { DiskBuffer } from './disk.ts'

/** A crash at each point of a settlement that leaves a rest. */

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-rest-'))
})
afterEach(() => rm(dir, { recursive: true }))

async function open(name: string) {
  const marks = await Marks.open(join(dir, name, 'ledger'))
  const options = { size: 1e9, age: 1e9, sync: '1s' as const }
  const buffer = await DiskBuffer.open({ path: join(dir, name, 'buffer'), marks, ...options })
  const close = async () => {
    await buffer.close()
    await marks.close()
  }
  return { marks, buffer, close }
}

/**
 * Settles batch 1 of 3 events with a rest of 1, but the process ends before the ledger has the mark. Returns where the
 * rest begins in the segment.
 */
async function crashBeforeTheMark() {
  const { marks, buffer, close } = await open('one')
  await buffer.append(makeBatch(1))
  const before = (await stat(await segment('one'))).size
  const lease = await takeOne(buffer)
  const reached = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const record = marks.record.bind(marks)
  marks.record = async (mark) => {
    reached.resolve()
    await goOn.promise
    return record(mark)
  }
  const settled = lease.settle(lastAgain(lease), restOf(lease.batch))
  await reached.promise
  await cp(join(dir, 'one'), join(dir, 'two'), { recursive: true })
  goOn.resolve()
  await settled
  await close()
  return before
}

const segment = async (name: string) => {
  const folder = join(dir, name, 'buffer', 'out-store')
  return join(folder, (await readdir(folder)).find((name) => name.endsWith('.segment')) ?? '')
}

test('with the rest on disk and the mark not: the mark beside the rest counts, once', async () => {
  await crashBeforeTheMark()
  for (const round of [1, 2]) {
    const { marks, buffer, close } = await open('two')
    expect(marks.totals(), `start ${round}`).toMatchObject([{ done: 2, retried: 1 }])
    expect(await buffer.depth()).toMatchObject({ batches: 1, events: 1 })
    const lease = await takeOne(buffer)
    expect(lease.batch).toMatchObject({ number: 1, part: 1, count: 1 })
    await lease.release()
    await close()
  }
  const { marks, buffer, close } = await open('two')
  const lease = await takeOne(buffer)
  await lease.settle(allDone(lease))
  expect(marks.totals()).toMatchObject([{ done: 3, duplicate: 0, lost: {} }])
  await close()
})

test('with the rest written in part, at every length: the batch comes again whole', async () => {
  const start = await crashBeforeTheMark()
  const path = await segment('two')
  const whole = (await stat(path)).size
  await cp(join(dir, 'two', 'buffer'), join(dir, 'kept'), { recursive: true })
  for (let cut = whole - 1; cut >= start; cut -= 9) {
    await rm(join(dir, 'two'), { recursive: true })
    await cp(join(dir, 'kept'), join(dir, 'two', 'buffer'), { recursive: true })
    await truncate(path, cut)
    const { marks, buffer, close } = await open('two')
    const { batches } = await buffer.depth()
    for (const lease of await take(buffer, Math.max(1, batches))) await lease.settle(allDone(lease))
    const [totals] = marks.totals()
    expect(totals, `cut at ${cut}`).toMatchObject({ done: 3, retried: 0, lost: {} })
    await close()
  }
})

import pino from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Batch, Lease, Outcome } from '../buffer/buffer.ts'
import { isFreed } from '../buffer/free.ts'
import { MemoryBuffer } from '../buffer/memory.ts'
import { makeBatch } from '../buffer/sample-batches.ts'
import type { Output } from '../deliver/output.ts'
import type { Mark } from '../ledger/marks.ts'
import { Delivery } from './delivery.ts'

const allDone = (batches: readonly Batch[]): Outcome[] =>
  batches.map(({ count }) => ({ done: count, duplicate: 0, exceptions: [] }))
const put = (batch: Batch, verdict: 'retry' | 'blocked'): Outcome => ({
  done: 0,
  duplicate: 0,
  exceptions: Array.from({ length: batch.count }, (_, i) => [i, verdict, 'not now']),
})

/** A delivery from a buffer in memory; stopped at the end of the test. */
function start(deliver: Output['deliver'], grouping: Output['grouping'] = {}, change = (lease: Lease): Lease => lease) {
  const marks = new Map<string, Mark>()
  const key = ({ stream, number, part }: Pick<Mark, 'stream' | 'number' | 'part'>) => `${stream}/${number}/${part}`
  const buffer = new MemoryBuffer({
    size: 1 << 30,
    marks: {
      has: (_output, stream, number, part) => marks.has(key({ stream, number, part })),
      record: async (mark) => {
        marks.set(key(mark), mark)
        return 'first'
      },
    },
  })
  const delivery = new Delivery({
    name: 'store',
    buffer: {
      append: (batch) => buffer.append(batch),
      depth: (output) => buffer.depth(output),
      close: () => buffer.close(),
      async *leases(output, signal) {
        for await (const lease of buffer.leases(output, signal)) yield change(lease)
      },
    },
    output: { deliver, grouping: { millis: 0, ...grouping }, close: async () => {} },
    dead: { keep: async (_batch, outcome) => ({ outcome, letters: [] }) },
    log: pino({ enabled: false }),
  })
  onTestFinished(() => delivery.stop())
  const settled = () => [...marks.values()]
  return { buffer, delivery, settled, sum: () => settled().reduce((sum, { done }) => sum + done, 0) }
}

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 15_000, interval: 5 }).toBe(true)

test('as many calls as the output wants are under way at a time, and no more', async () => {
  let underWay = 0
  let most = 0
  const gate = Promise.withResolvers<void>()
  const { buffer, sum } = start(
    async (batches) => {
      most = Math.max(most, ++underWay)
      if (underWay === 3) gate.resolve()
      await gate.promise
      underWay--
      return allDone(batches)
    },
    { batches: 1, concurrency: 3 },
  )
  for (let number = 1; number <= 20; number++) await buffer.append(makeBatch(number))
  await until(() => sum() === 60)
  expect(most).toBe(3)
})

test('a batch of which nothing can be settled keeps none waiting, is not written anew, and comes again', async () => {
  let tries = 0
  const { buffer, settled, sum } = start(async (batches) =>
    batches.map((batch) => (batch.number === 1 && ++tries < 2 ? put(batch, 'blocked') : allDone([batch])[0])),
  )
  for (let number = 1; number <= 5; number++) await buffer.append(makeBatch(number))
  await until(() => sum() === 12)
  expect((await buffer.depth()).events).toBe(3)
  await until(() => sum() === 15)
  expect(settled().every(({ part }) => part === 0)).toBe(true)
  expect(settled().at(-1)?.number).toBe(1)
})

test('of a batch of which some can be settled the rest comes again, by itself', async () => {
  const { buffer, settled } = start(async (batches) =>
    batches.map((batch) =>
      batch.part > 0 ? allDone([batch])[0] : { done: 1, duplicate: 1, exceptions: [[1, 'retry', 'busy']] },
    ),
  )
  await buffer.append(makeBatch(1))
  await until(() => settled().length === 2)
  expect(settled()).toMatchObject([
    { part: 0, done: 1, duplicate: 1, retry: 1 },
    { part: 1, count: 1, done: 1 },
  ])
  expect((await buffer.depth()).batches).toBe(0)
})

test('an output that rejects gets all of it again, and the reason is shown meanwhile', async () => {
  let isDown = true
  const { buffer, delivery, sum } = start(async (batches) => {
    if (isDown) throw new Error('no master')
    return allDone(batches)
  })
  await buffer.append(makeBatch(1))
  await until(() => delivery.trouble === 'no master')
  expect((await buffer.depth()).events).toBe(3)
  isDown = false
  await until(() => sum() === 3)
  expect(delivery.trouble).toBeNull()
})

test('when settling fails for one of several batches, only that one is delivered again', async () => {
  const delivered: number[][] = []
  let fails = true
  const { buffer, sum } = start(
    async (batches) => {
      delivered.push(batches.map(({ number }) => number))
      return allDone(batches)
    },
    { millis: 50 },
    (lease) => ({
      ...lease,
      settle: async (outcome, rest) => {
        if (lease.batch.number !== 2 || !fails) return lease.settle(outcome, rest)
        fails = false
        throw new Error('the disk is full')
      },
    }),
  )
  for (const number of [1, 2, 3]) await buffer.append(makeBatch(number))
  await until(() => sum() === 9)
  expect(delivered.flat().sort()).toEqual([1, 2, 2, 3])
  expect(delivered.at(-1)).toEqual([2])
})

test('the body of a settled batch is freed, one that comes again is whole, and a lease that is late is given up', async () => {
  const bodies: Uint8Array[] = []
  const before: Batch[] = []
  const { buffer, delivery, sum } = start(
    async (batches) => {
      expect(batches.some(({ body }) => isFreed(body))).toBe(false)
      bodies.push(...batches.map(({ body }) => body))
      return batches.map((batch) => (bodies.length === 1 ? put(batch, 'retry') : allDone([batch])[0]))
    },
    { batches: 1 },
    (lease) => {
      // The second is as if its batch had been settled meanwhile, under another lease.
      if (lease.batch.number === 1) before.push(lease.batch)
      const gone = lease.batch.number === 2 ? before.pop() : undefined
      return gone === undefined ? lease : { ...lease, batch: gone }
    },
  )
  await buffer.append(makeBatch(1))
  await until(() => sum() === 3)
  await until(() => bodies.every(isFreed))
  await buffer.append(makeBatch(2))
  await buffer.append(makeBatch(3))
  await until(() => sum() === 9)
  expect(bodies).toHaveLength(4)
  expect(delivery.trouble).toBeNull()
})

test('a stop gives back what an output does not finish', async () => {
  const { buffer, delivery } = start(
    (_batches, signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
  )
  await buffer.append(makeBatch(1))
  await new Promise((resolve) => setImmediate(resolve))
  await delivery.stop()
  expect(await buffer.depth()).toMatchObject({ batches: 1, events: 3 })
  const leases = buffer.leases('store', AbortSignal.timeout(10_000))
  for await (const { batch } of leases) {
    expect(batch.number).toBe(1)
    break
  }
}, 20_000)

test('leases are renewed for as long as the output takes', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const gate = Promise.withResolvers<void>()
  let renewed = 0
  const renew = async () => {
    renewed++
  }
  let begun = false
  const deliver = async (batches: Batch[]) => {
    begun = true
    await gate.promise
    return allDone(batches)
  }
  const { buffer, sum } = start(deliver, {}, (lease) => ({ ...lease, renew }))
  await buffer.append(makeBatch(1))
  await until(() => begun)
  vi.advanceTimersByTime(60_000)
  expect(renewed).toBeGreaterThan(1)
  gate.resolve()
  await until(() => sum() === 3)
  const before = renewed
  vi.advanceTimersByTime(60_000)
  expect(renewed).toBe(before)
})

import { expect, test } from 'vitest'
import { MarkSet } from '../ledger/mark-set.ts'
import type { Mark } from '../ledger/marks.ts'
import { MemoryBuffer } from './memory.ts'

test('a batch whose mark is being written is counted by the marks, and by the buffer no more', async () => {
  const set = new MarkSet()
  const written = Promise.withResolvers<void>()
  const record = async (mark: Mark) => {
    set.add(mark)
    await written.promise
    return 'first' as const
  }
  const buffer = new MemoryBuffer({ size: 1e6, leaseMs: 1000, marks: { has: set.has.bind(set), record } })
  const sums = async () => {
    const { events, batches } = await buffer.depth('store')
    const done = set.totals().reduce((sum, output) => sum + output.done, 0)
    return { done, events, batches, byHost: buffer.buffered().reduce((sum, { count }) => sum + count, 0) }
  }
  const body = Buffer.from('{}\n')
  const received = { from: 1, to: 1 }
  for (const number of [1, 2]) {
    const batch = { stream: 's', number, part: 0, output: 'store', count: 3, body, received }
    await buffer.append({ ...batch, tally: [['r', 'h', 3]] })
  }
  expect(await sums()).toEqual({ done: 0, events: 6, batches: 2, byHost: 6 })
  for await (const lease of buffer.leases('store', new AbortController().signal)) {
    const settled = lease.settle({ done: 3, duplicate: 0, exceptions: [] })
    expect(await sums()).toEqual({ done: 3, events: 3, batches: 2, byHost: 3 })
    written.resolve()
    await settled
    break
  }
  expect(await sums()).toEqual({ done: 3, events: 3, batches: 1, byHost: 3 })
  await buffer.close()
})

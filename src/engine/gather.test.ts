import { expect, test } from 'vitest'
import type { Lease } from '../buffer/buffer.ts'
import { makeBatch } from '../buffer/sample-batches.ts'
import { gather } from './gather.ts'

const lease = (number: number, pad = 0): Lease => ({
  batch: makeBatch(number, { count: 1, pad }),
  renew: async () => {},
  settle: async () => 'settled',
  release: async () => {},
})

const grouping = { batches: 3, bytes: 1000, millis: 10_000, concurrency: 1 }
const numbers = (groups: Lease[][]) => groups.map((group) => group.map(({ batch }) => batch.number))

test('as many as fit go together; one that is larger goes alone', async () => {
  const leases = [lease(1), lease(2), lease(3), lease(4), lease(5, 800), lease(6, 5000), lease(7), lease(8, 940)]
  const groups = await Array.fromAsync(gather(asIterable(leases), grouping))
  expect(numbers(groups)).toEqual([[1, 2, 3], [4, 5], [6], [7], [8]])
})

test('what does not come in time goes with the next', async () => {
  async function* leases() {
    yield lease(1)
    yield lease(2)
    await new Promise((resolve) => setTimeout(resolve, 30))
    yield lease(3)
  }
  expect(numbers(await Array.fromAsync(gather(leases(), { ...grouping, millis: 1 })))).toEqual([[1, 2], [3]])
})

test('a buffer that fails keeps nothing back that was taken before', async () => {
  async function* leases() {
    yield lease(1)
    throw new Error('too many open files')
  }
  const groups: Lease[][] = []
  await expect(async () => {
    for await (const group of gather(leases(), grouping)) groups.push(group)
  }).rejects.toThrow('too many open files')
  expect(numbers(groups)).toEqual([[1]])
})

async function* asIterable<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

import { expect, test } from 'vitest'
import { Garbage, type Load, loadOfLane, loadOfLoop } from './garbage.ts'

const MIB = 1 << 20
const REST = 30_000

test('garbage is collected once there are 4 MiB of it, twice a minute at most, thoroughly where there is time', () => {
  let taken = 40 * MIB
  const collections: boolean[] = []
  const garbage = new Garbage(
    () => taken,
    (thorough) => {
      collections.push(thorough)
      taken = 44 * MIB
    },
  )
  const grow = (to: number, now: number, load: Load = 'calm') => {
    taken = to * MIB
    garbage.tick(now, load)
    return collections
  }
  expect(grow(40, 0)).toEqual([])
  expect(grow(44, 1000)).toEqual([])
  expect(grow(45, 2000, 'flooded')).toEqual([])
  expect(grow(45, 3000)).toEqual([true])
  expect(grow(48, 4000)).toEqual([true])
  expect(grow(49, 3000 + REST - 1)).toEqual([true])
  expect(grow(49, 3000 + REST, 'busy')).toEqual([true, false])
})

test('a collection frees what nobody holds any more', async () => {
  const garbage = new Garbage()
  garbage.tick(0, 'calm')
  let held: Uint8Array[] | null = Array.from({ length: 64 }, () => new Uint8Array(MIB).fill(1))
  expect(held).toHaveLength(64)
  const before = process.memoryUsage().arrayBuffers
  held = null
  garbage.tick(1000, 'calm')
  // A thread of V8's gives the memory back.
  await expect.poll(() => process.memoryUsage().arrayBuffers, { timeout: 10_000 }).toBeLessThan(before - 32 * MIB)
})

test('a thread that has much to do is not stopped for long', () => {
  expect([75, 20_000, 100_000].map(loadOfLane)).toEqual(['calm', 'busy', 'flooded'])
  expect([0, 0.05, 0.3, 0.9].map(loadOfLoop)).toEqual(['calm', 'calm', 'busy', 'flooded'])
})

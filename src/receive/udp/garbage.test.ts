import { expect, test } from 'vitest'
import { Garbage } from './garbage.ts'

const MIB = 1 << 20
const MINUTE = 60_000

test('garbage is collected once there are 4 MiB of it, once a minute at most, but not in a flood', () => {
  let inUse = 40 * MIB
  let collections = 0
  const garbage = new Garbage(
    () => inUse,
    () => {
      collections++
      inUse = 44 * MIB
    },
  )
  const grow = (to: number, now: number, perSecond = 1000) => {
    inUse = to * MIB
    garbage.tick(now, perSecond)
    return collections
  }
  expect(grow(40, 0)).toBe(0)
  expect(grow(44, 1000)).toBe(0)
  expect(grow(45, 2000, 100_000)).toBe(0)
  expect(grow(45, 3000)).toBe(1)
  expect(grow(48, 4000)).toBe(1)
  expect(grow(49, 3000 + MINUTE - 1)).toBe(1)
  expect(grow(49, 3000 + MINUTE)).toBe(2)
})

test('a collection frees what nobody holds any more', async () => {
  const garbage = new Garbage()
  garbage.tick(0, 0)
  let held: Uint8Array[] | null = Array.from({ length: 64 }, () => new Uint8Array(MIB).fill(1))
  expect(held).toHaveLength(64)
  const before = process.memoryUsage().arrayBuffers
  held = null
  garbage.tick(1000, 0)
  // A thread of V8's gives the memory back.
  await expect.poll(() => process.memoryUsage().arrayBuffers, { timeout: 10_000 }).toBeLessThan(before - 32 * MIB)
})

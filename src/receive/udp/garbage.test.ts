import { expect, test } from 'vitest'
import { Garbage } from './garbage.ts'

const MIB = 1 << 20

test('garbage is collected once there are 32 MiB of it, again and again, but not in a flood', () => {
  let inUse = 40 * MIB
  let collections = 0
  const garbage = new Garbage(
    () => inUse,
    () => {
      collections++
      inUse = 44 * MIB
    },
  )
  const grow = (to: number, datagrams = 1000) => {
    inUse = to * MIB
    garbage.tick(datagrams)
    return collections
  }
  expect(grow(40)).toBe(0)
  expect(grow(72)).toBe(0)
  expect(grow(73, 100_000)).toBe(0)
  expect(grow(73)).toBe(1)
  expect(grow(76)).toBe(1)
  expect(grow(77)).toBe(2)
})

test('a collection frees what nobody holds any more', async () => {
  const garbage = new Garbage()
  garbage.tick(0)
  let held: Uint8Array[] | null = Array.from({ length: 64 }, () => new Uint8Array(MIB).fill(1))
  expect(held).toHaveLength(64)
  const before = process.memoryUsage().arrayBuffers
  held = null
  garbage.tick(0)
  // A thread of V8's gives the memory back.
  await expect.poll(() => process.memoryUsage().arrayBuffers, { timeout: 10_000 }).toBeLessThan(before - 32 * MIB)
})

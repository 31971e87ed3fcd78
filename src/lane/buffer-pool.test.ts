import { expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

const takeSome = (pool: BufferPool, count: number) => Array.from({ length: count }, () => pool.take(1))
const memoryOf = (bodies: readonly Uint8Array[]) => new Set(bodies.map(({ buffer }) => buffer))

test('what a load needs at once is used again as long as it lasts, and let go of after it', () => {
  const pool = new BufferPool(8)
  const first = takeSome(pool, 8)
  expect(pool.empty).toBe(true)
  for (const body of first) pool.give(body.subarray(0, 100))
  pool.trim()
  const again = takeSome(pool, 8)
  expect(memoryOf(again)).toEqual(memoryOf(first))
  for (const body of again) pool.give(body)
  pool.trim()
  expect(pool.hasSpare).toBe(true)
  pool.trim()
  expect(pool.hasSpare).toBe(false)
  const kept = takeSome(pool, 8).filter(({ buffer }) => memoryOf(first).has(buffer))
  expect(kept).toHaveLength(2)
})

test('one that went elsewhere for good is a credit again', async () => {
  const pool = new BufferPool(1)
  pool.take(1)
  const ready = pool.whenReady()
  pool.give(null)
  await ready
  expect(pool.empty).toBe(false)
})

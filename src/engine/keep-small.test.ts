import { expect, test } from 'vitest'
import { free } from '../buffer/free.ts'
import { trim } from './keep-small.ts'

const megabytes = () => process.memoryUsage.rss() / 1e6

test('memory that is free within the process goes back to the system', async () => {
  const before = megabytes()
  // Too small to be mapped each by itself; those that stay hold the end of the heap.
  const buffers = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(100_000).fill(1))
  expect(megabytes()).toBeGreaterThan(before + 150)
  for (const [at, buffer] of buffers.entries()) if (at % 50 !== 49) free(buffer)
  await trim()
  expect(megabytes()).toBeLessThan(before + 60)
})

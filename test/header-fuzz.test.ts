import { expect, test } from 'vitest'
import { fuzz } from './header-mutants.ts'
import { SEED } from './support/seed.ts'

test('a million random and mutated datagrams: no error, and memory stays flat', () => {
  fuzz(SEED, 50_000)
  const before = process.memoryUsage()
  for (let part = 1; part <= 20; part++) fuzz(SEED + part, 50_000)
  const after = process.memoryUsage()
  // A datagram kept would be 150 bytes; a million of them 150 MB.
  expect(after.heapUsed - before.heapUsed).toBeLessThan(40e6)
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(40e6)
})

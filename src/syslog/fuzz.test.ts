import { expect, test } from 'vitest'
import { fuzz } from '../../test/header-mutants.ts'

test('200,000 random and mutated datagrams: no error, every offset in order and inside', () => {
  expect(() => fuzz(20_261_123, 200_000)).not.toThrow()
})

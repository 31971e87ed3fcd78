import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recent } from './recent.ts'

test('gives what the function gives, whatever was asked before', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ä'), maxLength: 14 })
  fc.assert(
    fc.property(fc.array(text), (texts) => {
      const reversed = (one: string) => (one.startsWith('c') ? null : one.split('').reverse().join(''))
      const quick = recent(reversed)
      for (const one of texts) expect(quick(one)).toBe(reversed(one))
    }),
    { numRuns: 1000 },
  )
})

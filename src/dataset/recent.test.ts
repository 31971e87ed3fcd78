import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { recent } from './recent.ts'

test('gives what the function gives, whatever was asked before', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ä'), maxLength: 18 })
  fc.assert(
    fc.property(fc.array(text), (texts) => {
      const reversed = (one: string) => (one.startsWith('c') ? null : one.split('').reverse().join(''))
      const quick = recent(reversed)
      for (const one of texts) {
        const bytes = Buffer.from(`<${one}>`)
        expect(quick(new Memory(bytes), 1, bytes.length - 1)).toBe(reversed(one))
      }
    }),
    { numRuns: 1000 },
  )
})

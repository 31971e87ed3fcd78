import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { charactersIn, charactersOf, ESCAPED, NOT_ASCII } from './characters.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((some) => some.toWellFormed()),
)
const of = (some: string) => {
  const bytes = Buffer.from(`"é${some}é"`)
  return charactersOf(new Memory(bytes), 3, bytes.length - 3)
}

test('a text has the characters of each of its parts', () => {
  fc.assert(
    fc.property(text, text, text, (before, part, after) => {
      const characters = charactersIn(part)
      expect(of(before + part + after) & characters).toBe(characters)
    }),
    { numRuns: 2000 },
  )
})

test('tells whether it is ASCII, and whether JSON escapes anything in it', () => {
  fc.assert(
    fc.property(text, (some) => {
      const isAscii = Buffer.byteLength(some) === some.length
      expect((of(some) & NOT_ASCII) === 0, some).toBe(isAscii)
      expect((of(some) & ESCAPED) === 0, some).toBe(isAscii && JSON.stringify(some) === `"${some}"`)
    }),
    { numRuns: 2000 },
  )
})

test('tells texts with a rare character from those without', () => {
  expect(of('all is well, 12 times') & charactersIn('#')).toBe(0)
  expect(of('INFO nova') & charactersIn('DEBUG ')).not.toBe(charactersIn('DEBUG '))
})

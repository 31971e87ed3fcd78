import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { Enrichment } from './enrichment.ts'
import { WRITERS, writeScaled, writeString } from './values.ts'

function written(type: keyof typeof WRITERS, text: string): string | null {
  const out = new Enrichment()
  const bytes = Buffer.from(`1${text}1`)
  const done = WRITERS[type](out, new Memory(bytes), 1, bytes.length - 1)
  const json = out.bytes.toString('utf8', 0, out.used)
  if (!done) expect(json).toBe('')
  return done ? json : null
}

const number = fc
  .tuple(
    fc.constantFrom('', '', '', '-', '+'),
    fc.string({ unit: fc.constantFrom('0', '0', '1', '9'), maxLength: 21 }),
    fc.constantFrom('', '.', 'e1', 'x'),
    fc.string({ unit: fc.constantFrom('0', '0', '5'), maxLength: 9 }),
  )
  .map((parts) => parts.join(''))

test('an integer is written as it is read, whatever its form; what 64 bits do not hold is none', () => {
  fc.assert(
    fc.property(number, (text) => {
      const value = /^[+-]?\d{1,19}$/.test(text) && text.length <= 19 ? BigInt(text.replace('+', '')) : null
      const wanted = value !== null && BigInt.asIntN(64, value) === value ? String(value) : null
      expect(written('long', text)).toBe(wanted)
    }),
    { numRuns: 3000 },
  )
})

test('a decimal is written as JavaScript writes its value', () => {
  fc.assert(
    fc.property(number, (text) => {
      const wanted = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
      expect(written('double', text)).toBe(Number.isFinite(wanted) ? String(wanted) : null)
    }),
    { numRuns: 3000 },
  )
})

test('a text is written as JSON, however long; NUL as two characters', () => {
  const unit = fc.constantFrom('a', 'b', ' ', '"', '\\', '\n', '\0', '\x7f', 'ä', '€', '\u{1f600}', '\ud800')
  const text = fc.tuple(fc.string({ maxLength: 60 }), fc.string({ unit, maxLength: 3 }), fc.string({ maxLength: 60 }))
  fc.assert(
    fc.property(text, (parts) => {
      const wanted = parts.join('').toWellFormed().replaceAll('\0', '\\0')
      expect(JSON.parse(written('keyword', parts.join('')) ?? '')).toBe(wanted)
    }),
    { numRuns: 3000 },
  )
})

test('a text of our own is written as JSON too', () => {
  const unit = fc.constantFrom('a', 'b', ' ', '"', '\\', '\n', '\0', 'ä', '€', '\u{1f600}', '\ud800')
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.string({ unit, maxLength: 3 }), (some, more) => {
      const out = new Enrichment()
      writeString(out, some + more)
      const wanted = (some + more).toWellFormed().replaceAll('\0', '\\0')
      expect(JSON.parse(out.bytes.toString('utf8', 0, out.used))).toBe(wanted)
    }),
    { numRuns: 2000 },
  )
})

test('a decimal of a unit is written as so many nanoseconds', () => {
  const decimal = fc.stringMatching(/^(?:0|[1-9]\d{0,6})(?:\.\d{0,10})?$/)
  fc.assert(
    fc.property(decimal, fc.constantFrom(0, 3, 6, 9), (text, zeros) => {
      const out = new Enrichment()
      const bytes = Buffer.from(`.${text}.`)
      const done = writeScaled(out, new Memory(bytes), 1, bytes.length - 1, zeros)
      const [whole, fraction = ''] = text.split('.')
      expect(done).toBe(whole.length + zeros <= 15 && fraction.length <= zeros)
      const wanted = done ? String(Math.round(Number(text) * 10 ** zeros)) : ''
      expect(out.bytes.toString('latin1', 0, out.used)).toBe(wanted)
    }),
    { numRuns: 3000 },
  )
})

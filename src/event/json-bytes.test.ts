import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ESCAPE_GROWTH, escapeJson, escaping, putPlain, REPLACED_INVALID_UTF8, REPLACED_NUL } from './json-bytes.ts'
import { Memory } from './memory.ts'

function escapedAndParsed(bytes: Uint8Array): string {
  const out = new Memory(new Uint8Array(bytes.length * ESCAPE_GROWTH + 1))
  const end = escapeJson(out.view, 0, new Memory(bytes), 0, bytes.length)
  return JSON.parse(`"${out.text(0, end)}"`)
}

test('text comes back from JSON.parse as it was, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const clean = text.toWellFormed().replaceAll('\0', '')
      expect(escapedAndParsed(Buffer.from(clean))).toBe(clean)
    }),
  )
})

test('any bytes become the same text as the WHATWG decoder gives, NUL written as \\0', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
      expect(escapedAndParsed(bytes)).toBe(decoded.replaceAll('\0', '\\0'))
    }),
    { numRuns: 2000 },
  )
})

test('bytes that need no escaping are copied, and none beside them', () => {
  const plain = fc.string({ unit: 'grapheme-ascii', maxLength: 40 }).filter((text) => !/["\\]/.test(text))
  fc.assert(
    fc.property(plain, fc.nat(9), fc.nat(9), (text, before, at) => {
      const out = new Memory(Buffer.alloc(60, '.'))
      const bytes = Buffer.from('\xff'.repeat(before) + text, 'latin1')
      expect(putPlain(out.view, at, new Memory(bytes), before, bytes.length)).toBe(at + text.length)
      expect(out.text(0, 60)).toBe('.'.repeat(at) + text + '.'.repeat(60 - at - text.length))
    }),
    { numRuns: 1000 },
  )
})

test('says what it replaced', () => {
  escaping.replaced = 0
  escapedAndParsed(Buffer.from('plain "quoted" \x1b[31m'))
  expect(escaping.replaced).toBe(0)
  escapedAndParsed(Buffer.from([0x61, 0xe9, 0x62]))
  expect(escaping.replaced).toBe(REPLACED_INVALID_UTF8)
  escapedAndParsed(Buffer.from([0x61, 0, 0x62]))
  expect(escaping.replaced).toBe(REPLACED_INVALID_UTF8 | REPLACED_NUL)
})

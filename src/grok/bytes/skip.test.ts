import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EACH } from '../../event/word.ts'
import { firstOf, lastOf } from './skip.ts'

const few = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => byte & 3))
const ascii = fc.uint8Array({ maxLength: 40, max: 127 })

test.each([
  ['few characters', few, fc.nat(3)],
  ['any characters', ascii, fc.nat(127)],
])('the first and the last place of a character are found, and not beyond where is looked: %s', (_, all, char) => {
  fc.assert(
    fc.property(all, char, fc.nat(40), fc.nat(40), (bytes, byte, one, other) => {
      const from = Math.min(one, other, bytes.length)
      const to = Math.min(Math.max(one, other), bytes.length)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const part = bytes.subarray(from, to)
      const first = part.indexOf(byte)
      expect(firstOf(view, from, to, byte * EACH)).toBe(first < 0 ? to : from + first)
      expect(lastOf(view, from, to - 1, byte * EACH)).toBe(from + part.lastIndexOf(byte))
    }),
    { numRuns: 3000 },
  )
})

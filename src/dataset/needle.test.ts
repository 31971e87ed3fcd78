import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { Text } from '../grok/text.ts'
import { Needle } from './needle.ts'

const few = fc.string({ unit: fc.constantFrom('a', 'b', '=', '\x00', '\x01', '\x7f'), maxLength: 40 })
const any = fc.string({ unit: 'binary', maxLength: 40 })

test.each([
  ['few characters, which the needle has as well', few, few],
  ['any characters', any, any],
])('a needle is found where `includes` finds it: %s', (_, texts, needles) => {
  fc.assert(
    fc.property(texts, needles, fc.nat(3), fc.nat(40), (text, needle, shift, at) => {
      const place = at % (text.length + 1)
      for (const whole of [text, text.slice(0, place) + needle + text.slice(place)]) {
        const bytes = Buffer.from(`${needle.slice(0, shift)}${whole}${needle}`)
        const from = Buffer.byteLength(needle.slice(0, shift))
        const looked = new Text().ofBytes(new Memory(bytes), from, from + Buffer.byteLength(whole))
        expect(new Needle(needle).isIn(looked)).toBe(looked.string.includes(needle))
      }
    }),
    { numRuns: 2000 },
  )
})

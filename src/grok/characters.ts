import type { Memory } from '../event/memory.ts'

/*
 * Which characters a text has, told once: datasets look for dozens of texts in each line, and most of these have a
 * character that the line has not.
 */

/** Any byte above 0x7f. */
export const NOT_ASCII = 1 << 31
/** Any byte that JSON escapes, or that is not ASCII. */
export const ESCAPED = 1 << 30

/** Characters that tell texts apart, by bit: those of one bit are not told from each other. Others are in most texts. */
const RARE = [
  ...['#', '%', '=', '()', '[]', '{}', '<>', ';', '|', '~@', '$&^`', "!*?+'", 'x', 'qjz', 'k', 'fw'],
  ...['AK', 'BL', 'CM', 'DN', 'EO', 'FPU', 'GQV', 'HRW', 'ISX', 'JTYZ'],
]

const BITS = Int32Array.from({ length: 256 }, (_, code) => {
  if (code > 0x7f) return NOT_ASCII | ESCAPED
  const char = String.fromCharCode(code)
  if (code < 0x20 || char === '"' || char === '\\') return ESCAPED
  const bit = RARE.findIndex((chars) => chars.includes(char))
  return bit < 0 ? 0 : 1 << bit
})
/** Of two ASCII characters at once. */
const PAIRS = Int32Array.from({ length: 1 << 14 }, (_, codes) => BITS[codes & 0x7f] | BITS[codes >> 7])

/** The characters of bytes [from, to), as a set of bits. 0.06 µs for 250 bytes, 0.03 more than telling whether they are ASCII. */
export function charactersOf({ bytes, view }: Memory, from: number, to: number): number {
  let found = 0
  let all = 0
  let i = from
  for (; i + 4 <= to; i += 4) {
    const word = view.getInt32(i, true)
    all |= word
    const codes = (word & 0x7f007f) | ((word >>> 1) & 0x3f803f80)
    found |= PAIRS[codes & 0x3fff] | PAIRS[codes >>> 16]
  }
  for (; i < to; i++) found |= BITS[bytes[i]]
  return (all & 0x80808080) === 0 ? found : found | NOT_ASCII | ESCAPED
}

/** Of a text that is looked for: any text that has it has all of these bits. */
export function charactersIn(text: string): number {
  let found = 0
  for (const byte of Buffer.from(text)) found |= BITS[byte]
  return found
}

/** Byte classes: one table look-up says what a byte may be part of. */
export const WORD = 1 << 0
export const DIGIT = 1 << 1
export const ALNUM = 1 << 2
export const BLANK = 1 << 3
export const HEX = 1 << 4
export const NOT_HOST = 1 << 5

export const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const QUOTE = 0x22
export const PERCENT = 0x25
export const STAR = 0x2a
export const PLUS = 0x2b
export const COMMA = 0x2c
export const MINUS = 0x2d
export const DOT = 0x2e
export const SLASH = 0x2f
export const ZERO = 0x30
export const COLON = 0x3a
export const LESS = 0x3c
export const EQUALS = 0x3d
export const GREATER = 0x3e
export const OPEN = 0x5b
export const BACKSLASH = 0x5c
export const CLOSE = 0x5d
export const BRACE = 0x7b

/**
 * WORD: printable and none of `: [ " = |`, which end or rule out a host or a tag. NOT_HOST: allowed in a tag, but
 * never seen in a host's name, only in text. Bytes from 0x80 on are letters (UTF-8, or an 8-bit code).
 */
export const CLASS = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const char = String.fromCharCode(byte)
  if (byte > SPACE && byte !== 0x7f && !':["=|'.includes(char)) CLASS[byte] |= WORD
  if (/[0-9]/.test(char)) CLASS[byte] |= DIGIT
  if (/[0-9A-Za-z]/.test(char) || byte >= 0x80) CLASS[byte] |= ALNUM
  if (byte === SPACE || byte === TAB) CLASS[byte] |= BLANK
  if (/[0-9A-Fa-f]/.test(char)) CLASS[byte] |= HEX
  if (",;'%<>\\`!?]{}".includes(char)) CLASS[byte] |= NOT_HOST
}

/** The first position from `p` on that is no blank, or `end`. */
export function skipBlanks(bytes: Uint8Array, p: number, end: number): number {
  while (p < end && (CLASS[bytes[p]] & BLANK) !== 0) p++
  return p
}

/** The first position from `p` on that holds a blank or a control character, or `end`. */
export function wordEnd(bytes: Uint8Array, p: number, end: number): number {
  while (p < end && bytes[p] > SPACE) p++
  return p
}

/** The length of a UTF-8 byte order mark at `p`: 3 or 0. */
export function bomAt(bytes: Uint8Array, p: number, end: number): number {
  return end - p >= 3 && bytes[p] === 0xef && bytes[p + 1] === 0xbb && bytes[p + 2] === 0xbf ? 3 : 0
}

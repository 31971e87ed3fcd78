import { CLASS, COLON, DOT, HEX, PERCENT } from './chars.ts'

/**
 * Whether the word is an IPv6 address (RFC 4291 section 2.2, with or without a zone id). A second `::` is let pass:
 * such a word is wrong, but it is still an address and neither a tag nor text.
 */
export function isIpv6(bytes: Uint8Array, start: number, end: number): boolean {
  let colons = 0
  let double = false
  let dotted = false
  let group = 0
  let p = start
  for (; p < end; p++) {
    const c = bytes[p]
    if (c === COLON) {
      if (dotted) return false
      if (p > start && bytes[p - 1] === COLON) double = true
      colons++
      group = 0
    } else if ((CLASS[c] & HEX) !== 0) {
      if (++group > 4) return false
    } else if (c === DOT && group > 0) {
      dotted = true
      group = 0
    } else if (c === PERCENT && p > start) break
    else return false
  }
  if (p > start && bytes[p - 1] === COLON && !(double && bytes[p - 2] === COLON)) return false
  return double ? colons >= 2 && colons <= 8 : colons === (dotted ? 6 : 7) && bytes[start] !== COLON
}

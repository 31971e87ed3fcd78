import { ALNUM, BLANK, CLASS, COLON, DIGIT, DOT, NOT_HOST, STAR, skipBlanks, WORD } from './chars.ts'
import { FLAG_CISCO, type Header } from './header.ts'
import { type Stamp, scanStamp } from './stamp.ts'
import { isMnemonic, MAX_WORD } from './tag.ts'

/**
 * What Cisco's systems write between PRI and time: up to three counters (`123:`, `000485:`, or only `:`), the origin
 * id (`router1:`), and a mark for a clock that is not in step (`*`, `.`). It is that only if a time, an uptime or a
 * mnemonic follows; without a counter or mark, the origin id needs a time and a mnemonic after it.
 * Sets the host and FLAG_CISCO and returns the position after it, `stamp` being the time there (`next` is -1 if there is
 * none); or returns -1 and changes nothing but `stamp`.
 */
export function skipCiscoPrefix(header: Header, stamp: Stamp, bytes: Uint8Array, start: number, end: number): number {
  const afterCounters = skipCounters(bytes, start, end)
  let p = skipMark(bytes, afterCounters, end)
  const sure = p > start
  if (sure ? isTimeAhead(stamp, bytes, p, end) : uptimeBeforeMnemonic(bytes, p, end)) {
    header.flags |= FLAG_CISCO
    return p
  }
  if (p > afterCounters) return -1
  const originEnd = originIdEnd(bytes, p, end)
  if (originEnd < 0) return -1
  const origin = p
  const afterOrigin = skipBlanks(bytes, originEnd + 1, end)
  p = skipMark(bytes, afterOrigin, end)
  if (!isTimeAhead(stamp, bytes, p, end)) return -1
  if (!sure && p === afterOrigin) {
    if (stamp.next < 0 || !isMnemonic(bytes, skipBlanks(bytes, stamp.next, end), end)) return -1
  }
  header.flags |= FLAG_CISCO
  header.hostStart = origin
  header.hostEnd = originEnd
  return p
}

/** Time since boot: `51w2d`, `1y23w`, `00:00:31`. Returns the position of the colon that ends it, or -1. */
export function uptimeEnd(bytes: Uint8Array, p: number, end: number): number {
  let q = p
  let parts = 0
  while (parts < 4) {
    const first = q
    while (q < end && q - first < 5 && (CLASS[bytes[q]] & DIGIT) !== 0) q++
    if (q === first || q === end) return -1
    parts++
    const c = bytes[q]
    if (c === COLON && parts === 3) return q
    if (c !== COLON && c !== 0x79 && c !== 0x77 && c !== 0x64 && c !== 0x68) return -1 // y w d h
    q++
    if (c !== COLON && q < end && bytes[q] === COLON) return q
  }
  return -1
}

function skipCounters(bytes: Uint8Array, p: number, end: number): number {
  let after = p
  for (let count = 0; count < 3; count++) {
    let q = after
    while (q < end && q - after < MAX_WORD && (CLASS[bytes[q]] & DIGIT) !== 0) q++
    if (q === end || bytes[q] !== COLON) break
    // `:` alone is a counter that is switched off; digits with more digits behind the colon are a time.
    if (q === after ? count > 0 : q + 1 < end && (CLASS[bytes[q + 1]] & DIGIT) !== 0) break
    after = skipBlanks(bytes, q + 1, end)
  }
  return after
}

function skipMark(bytes: Uint8Array, p: number, end: number): number {
  return p < end && (bytes[p] === STAR || bytes[p] === DOT) ? skipBlanks(bytes, p + 1, end) : p
}

function isTimeAhead(stamp: Stamp, bytes: Uint8Array, p: number, end: number): boolean {
  return scanStamp(stamp, bytes, p, end) >= 0 || isMnemonic(bytes, p, end) || uptimeEnd(bytes, p, end) >= 0
}

function uptimeBeforeMnemonic(bytes: Uint8Array, p: number, end: number): boolean {
  const colon = uptimeEnd(bytes, p, end)
  return colon >= 0 && isMnemonic(bytes, skipBlanks(bytes, colon + 1, end), end)
}

/** Where a host with a colon and a blank behind it ends, or -1. */
export function originIdEnd(bytes: Uint8Array, p: number, end: number): number {
  const limit = Math.min(end, p + MAX_WORD + 1)
  let seen = 0
  let q = p
  for (; q < limit && (CLASS[bytes[q]] & (WORD | NOT_HOST)) === WORD; q++) seen |= CLASS[bytes[q]]
  const ended = q + 1 < limit && bytes[q] === COLON && (CLASS[bytes[q + 1]] & BLANK) !== 0
  return ended && (seen & ALNUM) !== 0 ? q : -1
}

import { BLANK, CLASS, COLON, COMMA, DIGIT, DOT, MINUS, PERCENT, PLUS, SPACE, skipBlanks, ZERO } from './chars.ts'
import { NO_OFFSET, zoneWord } from './zone-words.ts'

/** A time as written, in numbers that nobody has checked yet (day 0, hour 24: clock.ts looks). Filled again per line. */
export class Stamp {
  /** -1: the stamp names no year. */
  year = -1
  month = 0
  day = 0
  hour = 0
  minute = 0
  second = 0
  /** Fractions are cut, not rounded, to ms. */
  millis = 0
  /** Minutes east of UTC, or NO_OFFSET. */
  offset = NO_OFFSET
  /** The text, without a colon that follows it (Cisco's). */
  start = 0
  end = 0
  colon = false
  /** What scanStamp returned last. */
  next = -1
  /** Year first, in numbers: ISO 8601, RFC 3339. */
  iso = false
  /** Set by clock.ts: ms since the epoch. */
  utc = Number.NaN
}

/**
 * The time that begins at `p`: `Oct 11 22:14:15`, with one or two blanks and digits for the day, the year before or
 * after the day or after the time, the weekday before (ctime), a fraction, a zone, a colon; or ISO 8601 with `T` or a
 * blank. Returns the position after it, or -1 when there is none.
 */
export function scanStamp(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  stamp.next = -1
  if (end - p < 13) return -1
  stamp.start = p
  stamp.year = -1
  stamp.offset = NO_OFFSET
  stamp.colon = false
  stamp.iso = false
  let q: number
  if ((CLASS[bytes[p]] & DIGIT) === 0) {
    q = scanBsd(stamp, bytes, isWeekday(bytes, p) ? p + 4 : p, end)
  } else if (bytes[p + 4] === MINUS) {
    q = scanIso(stamp, bytes, p, end)
  } else if (bytes[p + 4] === SPACE && isYear(bytes, p, end)) {
    stamp.year = number(bytes, p, 4)
    q = scanBsd(stamp, bytes, skipBlanks(bytes, p + 4, end), end)
  } else return -1
  if (q >= 0) stamp.next = scanTail(stamp, bytes, q, end)
  return stamp.next
}

/** RFC 3339 with what devices make of it: a blank for `T`, a comma before the fraction, a zone without colon or none. */
export function scanIso(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  if (end - p < 18 || bytes[p + 4] !== MINUS || bytes[p + 7] !== MINUS) return -1
  const separator = bytes[p + 10]
  if (separator !== 0x54 && separator !== SPACE && separator !== 0x74) return -1
  const century = twoDigits(bytes, p)
  const year = twoDigits(bytes, p + 2)
  stamp.month = twoDigits(bytes, p + 5)
  stamp.day = twoDigits(bytes, p + 8)
  if (century < 0 || year < 0 || stamp.month < 0 || stamp.day < 0) return -1
  stamp.start = p
  stamp.iso = true
  stamp.year = century * 100 + year
  stamp.offset = NO_OFFSET
  const q = scanClock(stamp, bytes, p + 11, end)
  stamp.end = q
  return q
}

/** Ordinary lines come here: `Mmm dd hh:mm:ss`. */
function scanBsd(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  if (end - p < 13) return -1
  const month = monthAt(bytes, p)
  if (month === 0 || bytes[p + 3] !== SPACE) return -1
  let q = bytes[p + 4] === SPACE ? skipBlanks(bytes, p + 5, end) : p + 4
  const length = digitsAt(bytes, q, end)
  if (length === 0 || length > 2) return -1
  stamp.month = month
  stamp.day = number(bytes, q, length)
  q += length
  if (end - q < 8 || bytes[q] !== SPACE) return -1
  q++
  if (bytes[q + 2] !== COLON) {
    q = skipBlanks(bytes, q, end)
    if (stamp.year < 0 && digitsAt(bytes, q, end) === 4) {
      stamp.year = number(bytes, q, 4)
      q = skipBlanks(bytes, q + 4, end)
    }
  }
  return scanClock(stamp, bytes, q, end)
}

/** `hh:mm:ss` or `h:mm:ss`, a fraction, and a zone that is written without a blank between. */
function scanClock(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  const q = p + 1 < end && bytes[p + 1] === COLON ? p + 1 : p + 2
  if (end - q < 6 || bytes[q] !== COLON || bytes[q + 3] !== COLON) return -1
  stamp.hour = q === p + 2 ? twoDigits(bytes, p) : digit(bytes, p)
  stamp.minute = twoDigits(bytes, q + 1)
  stamp.second = twoDigits(bytes, q + 4)
  stamp.millis = 0
  if (stamp.hour < 0 || stamp.minute < 0 || stamp.second < 0) return -1
  return q + 6 === end || bytes[q + 6] === SPACE ? q + 6 : scanAttached(stamp, bytes, q + 6, end)
}

function scanAttached(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  let q = p
  if ((bytes[q] === DOT || bytes[q] === COMMA) && q + 1 < end && (CLASS[bytes[q + 1]] & DIGIT) !== 0) {
    let digits = 0
    let millis = 0
    for (q++; q < end && (CLASS[bytes[q]] & DIGIT) !== 0; q++) if (digits++ < 3) millis = millis * 10 + bytes[q] - ZERO
    stamp.millis = digits === 1 ? millis * 100 : digits === 2 ? millis * 10 : millis
  }
  if (q === end) return q
  const c = bytes[q] | 0x20
  if (c === 0x7a) {
    stamp.offset = 0
    q++
    if (q === end) return q
    // A few write both: 22:14:15Z+00:00.
    const after = scanOffset(stamp, bytes, q, end)
    if (after > 0) q = after
  } else {
    const after = scanOffset(stamp, bytes, q, end)
    if (after > 0) q = after
  }
  return q === end || bytes[q] <= SPACE || bytes[q] === COLON ? q : -1
}

/** `+02:00`, `-0730`, `+02`: returns the position after it, or -1. */
function scanOffset(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  if (end - p < 3 || (bytes[p] !== PLUS && bytes[p] !== MINUS) || !digits(bytes, p + 1, 2)) return -1
  let q = p + 3
  let minutes = number(bytes, p + 1, 2) * 60
  const colon = q < end && bytes[q] === COLON ? 1 : 0
  if (end - q >= 2 + colon && digits(bytes, q + colon, 2)) {
    minutes += number(bytes, q + colon, 2)
    q += 2 + colon
  }
  stamp.offset = bytes[p] === MINUS ? -minutes : minutes
  return q
}

/** What may follow the time after a blank: the year, AM or PM, the zone, each once; then a colon. */
function scanTail(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  let q = p
  for (;;) {
    stamp.end = q
    if (q === end) return q
    if (bytes[q] === COLON) {
      if (q + 1 < end && bytes[q + 1] !== PERCENT && (CLASS[bytes[q + 1]] & BLANK) === 0) return -1
      stamp.colon = true
      return q + 1
    }
    if (bytes[q] > SPACE) return -1
    if (q + 1 === end) return q
    const next = bytes[q + 1]
    let after = -1
    if ((CLASS[next] & DIGIT) !== 0) {
      if (stamp.year < 0 && isYear(bytes, q + 1, end)) {
        stamp.year = number(bytes, q + 1, 4)
        after = q + 5
      }
    } else if (next < 0x5b && stamp.offset === NO_OFFSET) {
      after = scanHalf(stamp, bytes, q + 1, end)
      if (after < 0) after = scanZone(stamp, bytes, q + 1, end)
    }
    if (after < 0) return q
    q = after
  }
}

/** `AM`, `PM`, and Cisco Call Manager's fraction after it: `11:57:27 PM.685`. Returns the position after it, or -1. */
function scanHalf(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  if (end - p < 2 || bytes[p + 1] !== 0x4d || (bytes[p] !== 0x41 && bytes[p] !== 0x50)) return -1
  if (p + 2 < end && bytes[p + 2] !== SPACE && bytes[p + 2] !== DOT && bytes[p + 2] !== COLON) return -1
  if (stamp.hour < 1 || stamp.hour > 12) return -1
  const q = p + 2 < end && bytes[p + 2] === DOT ? scanAttached(stamp, bytes, p + 2, end) : p + 2
  if (q > 0) stamp.hour = (stamp.hour % 12) + (bytes[p] === 0x50 ? 12 : 0)
  return q
}

/**
 * A zone as a word of its own: `UTC`, `CEST`, `+0200`, `GMT+2`, `TZ-6`. In capitals only, since `est` may be a host.
 * Returns the position after it, or -1.
 */
function scanZone(stamp: Stamp, bytes: Uint8Array, p: number, end: number): number {
  const sign = bytes[p] === PLUS || bytes[p] === MINUS
  let q = p
  if (!sign) {
    while (q < end && q - p < 6 && bytes[q] >= 0x41 && bytes[q] <= 0x5a) q++
    if (q === p || q - p > 5) return -1
  }
  if (q < end && (bytes[q] === PLUS || bytes[q] === MINUS)) {
    const known = sign || (q - p === 2 && bytes[p] === 0x54 && bytes[p + 1] === 0x5a) || zoneWord(bytes, p, q) === 0
    if (!known) return -1
    const hours = digitsAt(bytes, q + 1, end)
    if (sign && hours < 4 && bytes[q + 3] !== COLON) return -1
    const before = stamp.offset
    const after = hours === 1 ? q + 2 : scanOffset(stamp, bytes, q, end)
    if (hours === 1) stamp.offset = (bytes[q + 1] - ZERO) * (bytes[q] === MINUS ? -60 : 60)
    if (after > 0 && endsWord(bytes, after, end)) return after
    stamp.offset = before
    return -1
  }
  if (!endsWord(bytes, q, end)) return -1
  const minutes = zoneWord(bytes, p, q)
  if (minutes !== NO_OFFSET) {
    stamp.offset = minutes
    return q
  }
  return -1
}

function endsWord(bytes: Uint8Array, q: number, end: number): boolean {
  return q === end || bytes[q] <= SPACE || (bytes[q] === COLON && (q + 1 === end || bytes[q + 1] <= SPACE))
}

/** By the second and third letter, which no two months share. */
const MONTHS = new Uint8Array(1024)
/** The first letters, small, to be sure. */
const INITIALS = Buffer.from(' jfmamjjasond')
for (const [index, month] of 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ').entries()) {
  MONTHS[((month.charCodeAt(1) & 31) << 5) | (month.charCodeAt(2) & 31)] = index + 1
}

/** 1 to 12 for three letters in any case, otherwise 0. */
function monthAt(bytes: Uint8Array, p: number): number {
  const month = MONTHS[((bytes[p + 1] & 31) << 5) | (bytes[p + 2] & 31)]
  if (INITIALS[month] !== (bytes[p] | 0x20)) return 0
  return isLetter(bytes[p + 1]) && isLetter(bytes[p + 2]) ? month : 0
}

const WEEKDAYS = new Set(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].map((day) => pack(Buffer.from(day), 0)))

function pack(bytes: Uint8Array, p: number): number {
  return (bytes[p] << 16) | (bytes[p + 1] << 8) | bytes[p + 2]
}

function isWeekday(bytes: Uint8Array, p: number): boolean {
  return bytes[p + 3] === SPACE && monthAt(bytes, p) === 0 && WEEKDAYS.has(pack(bytes, p))
}

function isLetter(byte: number): boolean {
  const small = byte | 0x20
  return small >= 0x61 && small <= 0x7a
}

/** Four digits as a word of their own, 1970 to 2099. */
export function isYear(bytes: Uint8Array, p: number, end: number): boolean {
  if (end - p < 4 || !digits(bytes, p, 4) || !endsWord(bytes, p + 4, end)) return false
  const year = number(bytes, p, 4)
  return year >= 1970 && year <= 2099
}

function digits(bytes: Uint8Array, p: number, count: number): boolean {
  for (let q = p; q < p + count; q++) if ((CLASS[bytes[q]] & DIGIT) === 0) return false
  return true
}

function digitsAt(bytes: Uint8Array, p: number, end: number): number {
  let q = p
  while (q < end && q - p < 5 && (CLASS[bytes[q]] & DIGIT) !== 0) q++
  return q - p
}

function digit(bytes: Uint8Array, p: number): number {
  const value = bytes[p] - ZERO
  return value >= 0 && value <= 9 ? value : -1
}

function twoDigits(bytes: Uint8Array, p: number): number {
  const tens = bytes[p] - ZERO
  const ones = bytes[p + 1] - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function number(bytes: Uint8Array, p: number, length: number): number {
  let value = 0
  for (let q = p; q < p + length; q++) value = value * 10 + bytes[q] - ZERO
  return value
}

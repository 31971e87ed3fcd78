import type { Memory } from '../event/memory.ts'
import { setTime } from '../syslog/clock.ts'
import { Header } from '../syslog/header.ts'
import { Stamp } from '../syslog/stamp.ts'
import type { Zone } from '../syslog/zone.ts'
import { NO_OFFSET, zoneWord } from '../syslog/zone-words.ts'

/**
 * Reads a time out of bytes [from, to) of the memory; NaN when they are not of this form or name a moment that does not
 * exist.
 * @param near reception, which tells a year that is not written
 */
export type TimeReader = (memory: Memory, from: number, to: number, near: number, zone: Zone) => number

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(letterTriple)
/** Letters of Joda-Time and java.time, as Logstash's date filter takes them, and quoted or other text as it stands. */
const TOKEN = /(y+|M+|d+|H+|h+|m+|s+|S+|a|Z+|z|E+)|'([^']*)'|(.)/g

const BLANK = 0x20
const PLUS = 0x2b
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const LARGE_T = 0x54
const LARGE_Z = 0x5a
const SMALL_T = 0x74

const stamp = new Stamp()
const header = new Header()

const ZONE_NAME_LENGTH = 5

/** Reads bytes from `at` on, which end at `to`. Returns the position after what it read, -1 when it does not fit. */
type Step = (bytes: Uint8Array, at: number, to: number) => number

/**
 * @param format ISO8601, UNIX (seconds, fractions too), UNIX_MS, or letters such as `dd/MMM/yyyy:HH:mm:ss Z`: yyyy, yy,
 *   MM (one or two digits too), MMM, dd, HH, mm, ss, SSS (a fraction of any length), Z or z (`+0200`, `CEST`), EEE. A blank stands for one or more.
 * @throws Error when the format has a letter of another meaning
 */
export function timeFormat(format: string): TimeReader {
  if (format === 'UNIX')
    return (memory, from, to) => {
      const text = memory.text(from, to)
      return /^\d{9,11}(?:\.\d{1,9})?$/.test(text) ? Math.floor(Number(text) * 1000) : Number.NaN
    }
  if (format === 'UNIX_MS')
    return (memory, from, to) => {
      const text = memory.text(from, to)
      return /^\d{12,14}$/.test(text) ? Number(text) : Number.NaN
    }
  if (format === 'ISO8601') {
    const readers = [
      'yyyy-MM-dd*HH:mm:ss.SSSZ',
      'yyyy-MM-dd*HH:mm:ss.SSS',
      'yyyy-MM-dd*HH:mm:ssZ',
      'yyyy-MM-dd*HH:mm:ss',
    ].map(letters)
    return (memory, from, to, near, zone) => {
      const usual = isoTime(memory.bytes, from, to, near, zone)
      if (!Number.isNaN(usual)) return usual
      for (const reader of readers) {
        const time = reader(memory, from, to, near, zone)
        if (!Number.isNaN(time)) return time
      }
      return Number.NaN
    }
  }
  return letters(format)
}

function letters(format: string): TimeReader {
  const steps = [...format.matchAll(TOKEN)].map(([, token, quoted, other]): Step => {
    if (quoted !== undefined) return literal(quoted)
    if (other === '*') return oneOf(LARGE_T, BLANK, SMALL_T)
    if (other === '.' || other === ',') return oneOf(DOT, COMMA)
    if (other === ' ') return blanks
    if (other !== undefined) {
      if (/[A-Za-z]/.test(other))
        throw new Error(`time format '${format}': '${other}' has no meaning here; put text in quotes`)
      return literal(other)
    }
    return stepOf(token, format)
  })
  const hasYear = /y/.test(format.replace(/'[^']*'/g, ''))
  return ({ bytes }, from, to, near, zone) => {
    stamp.year = hasYear ? 0 : -1
    stamp.month = 1
    stamp.day = 1
    stamp.hour = stamp.minute = stamp.second = stamp.millis = 0
    stamp.offset = NO_OFFSET
    let at = from
    for (let i = 0; i < steps.length; i++) {
      at = steps[i](bytes, at, to)
      if (at < 0) return Number.NaN
    }
    return at === to ? timeOfStamp(near, zone) : Number.NaN
  }
}

function timeOfStamp(near: number, zone: Zone): number {
  header.time = Number.NaN
  header.flags = 0
  setTime(header, stamp, near, zone)
  return header.time
}

/** ISO 8601 with two digits for all but the year: 0.06 µs, of the steps of its four forms 0.5. */
function isoTime(bytes: Uint8Array, from: number, to: number, near: number, localZone: Zone): number {
  if (to - from < 19) return Number.NaN
  const between = bytes[from + 10]
  const shaped =
    bytes[from + 4] === DASH &&
    bytes[from + 7] === DASH &&
    (between === BLANK || between === LARGE_T || between === SMALL_T) &&
    bytes[from + 13] === COLON &&
    bytes[from + 16] === COLON
  if (!shaped) return Number.NaN
  const century = pair(bytes, from)
  const year = pair(bytes, from + 2)
  stamp.month = pair(bytes, from + 5)
  stamp.day = pair(bytes, from + 8)
  stamp.hour = pair(bytes, from + 11)
  stamp.minute = pair(bytes, from + 14)
  stamp.second = pair(bytes, from + 17)
  stamp.year = century * 100 + year
  stamp.millis = 0
  stamp.offset = NO_OFFSET
  if ((century | year | stamp.month | stamp.day | stamp.hour | stamp.minute | stamp.second) < 0) return Number.NaN
  let at = from + 19
  if (at < to && (bytes[at] === DOT || bytes[at] === COMMA)) at = fraction(bytes, at + 1, to)
  if (at > 0 && at < to) at = zone(bytes, at, to)
  return at === to ? timeOfStamp(near, localZone) : Number.NaN
}

/** The value of two digits; -1: they are none. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO
  const ones = bytes[at + 1] - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function oneOf(...wanted: number[]): Step {
  return (bytes, at, to) => (at < to && wanted.includes(bytes[at]) ? at + 1 : -1)
}

function literal(text: string): Step {
  const wanted = Buffer.from(text)
  return (bytes, at, to) => {
    if (at + wanted.length > to) return -1
    for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return -1
    return at + wanted.length
  }
}

const blanks: Step = (bytes, at, to) => {
  let p = at
  while (p < to && bytes[p] === BLANK) p++
  return p > at ? p : -1
}

/** Value and position of up to `most` digits; the value is -1 without any. */
let number = -1
function digits(bytes: Uint8Array, at: number, to: number, most: number): number {
  const end = Math.min(to, at + most)
  let p = at
  number = 0
  for (; p < end; p++) {
    const digit = bytes[p] - ZERO
    if (!(digit >= 0 && digit <= 9)) break
    number = number * 10 + digit
  }
  return p > at ? p : -1
}

function isLetter(byte: number): boolean {
  const small = byte | 0x20
  return small >= 0x61 && small <= 0x7a
}

/** Three small letters as a number. */
function letterTriple(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2)
}

function stepOf(token: string, format: string): Step {
  const { length } = token
  switch (token[0]) {
    case 'y':
      if (length === 2)
        return (bytes, at, to) => {
          const p = digits(bytes, at, to, 2)
          stamp.year = number + (number < 70 ? 2000 : 1900)
          return p === at + 2 ? p : -1
        }
      return (bytes, at, to) => {
        const p = digits(bytes, at, to, 4)
        stamp.year = number
        return p === at + 4 ? p : -1
      }
    case 'M':
      if (length >= 3)
        return (bytes, at, to) => {
          const letters = ((bytes[at] | 0x20) << 16) | ((bytes[at + 1] | 0x20) << 8) | bytes[at + 2] | 0x20
          stamp.month = at + 3 > to ? 0 : MONTHS.indexOf(letters) + 1
          return stamp.month > 0 ? at + 3 : -1
        }
      return two((n) => {
        stamp.month = n
      })
    case 'd': {
      const day = two((n) => {
        stamp.day = n
      })
      // `Oct  1`: the blank that fills the place of a digit.
      return (bytes, at, to) => day(bytes, at < to && bytes[at] === BLANK ? at + 1 : at, to)
    }
    case 'H':
      return two((n) => {
        stamp.hour = n
      })
    case 'm':
      return two((n) => {
        stamp.minute = n
      })
    case 's':
      return two((n) => {
        stamp.second = n
      })
    case 'S':
      return fraction
    case 'E':
      return (bytes, at, to) =>
        at + 3 <= to && isLetter(bytes[at]) && isLetter(bytes[at + 1]) && isLetter(bytes[at + 2]) ? at + 3 : -1
    case 'Z':
    case 'z':
      return zone
    default:
      throw new Error(`time format '${format}': '${token}' is not known`)
  }
}

/** Digits of a second, of which three count. */
const fraction: Step = (bytes, at, to) => {
  const p = digits(bytes, at, to, 9)
  const length = p - at
  stamp.millis = length > 3 ? Math.floor(number / TENS[length - 3]) : number * TENS[3 - length]
  return p
}

const TENS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

function two(set: (n: number) => void): Step {
  return (bytes, at, to) => {
    const p = digits(bytes, at, to, 2)
    set(number)
    return p
  }
}

/** `Z`, `UTC`, `CEST`, `+0200`, `+02:00`, `+02`. */
const zone: Step = (bytes, at, to) => {
  let end = at
  while (end < to && end - at < ZONE_NAME_LENGTH && isLetter(bytes[end])) end++
  if (end > at) {
    stamp.offset = end === at + 1 && bytes[at] === LARGE_Z ? 0 : zoneWord(bytes, at, end)
    return stamp.offset === NO_OFFSET ? -1 : end
  }
  const sign = at < to ? bytes[at] : 0
  if (sign !== PLUS && sign !== DASH) return -1
  let p = digits(bytes, at + 1, to, 2)
  if (p !== at + 3) return -1
  let minutes = number * 60
  const q = p < to && bytes[p] === COLON ? p + 1 : p
  const after = digits(bytes, q, to, 2)
  if (after === q + 2) {
    minutes += number
    p = after
  }
  stamp.offset = sign === DASH ? -minutes : minutes
  return p
}

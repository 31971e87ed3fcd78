import { setTime } from '../syslog/clock.ts'
import { Header } from '../syslog/header.ts'
import { Stamp } from '../syslog/stamp.ts'
import type { Zone } from '../syslog/zone.ts'
import { NO_OFFSET, zoneWord } from '../syslog/zone-words.ts'

/**
 * Reads a time; NaN when the text is not of this form or names a moment that does not exist.
 * @param near reception, which tells a year that is not written
 */
export type TimeReader = (text: string, near: number, zone: Zone) => number

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** Letters of Joda-Time and java.time, as Logstash's date filter takes them, and quoted or other text as it stands. */
const TOKEN = /(y+|M+|d+|H+|h+|m+|s+|S+|a|Z+|z|E+)|'([^']*)'|(.)/g

const BLANK = 0x20
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const COLON = 0x3a
const LARGE_T = 0x54
const SMALL_T = 0x74

const stamp = new Stamp()
const header = new Header()

const ZONE_NAME = /[A-Za-z]{1,5}/y

/** Returns the position after what it read, -1 when it does not fit. */
type Step = (text: string, at: number) => number

/**
 * @param format ISO8601, UNIX (seconds, fractions too), UNIX_MS, or letters such as `dd/MMM/yyyy:HH:mm:ss Z`: yyyy, yy,
 *   MM (one or two digits too), MMM, dd, HH, mm, ss, SSS (a fraction of any length), Z or z (`+0200`, `CEST`), EEE. A blank stands for one or more.
 * @throws Error when the format has a letter of another meaning
 */
export function timeFormat(format: string): TimeReader {
  if (format === 'UNIX')
    return (text) => (/^\d{9,11}(?:\.\d{1,9})?$/.test(text) ? Math.floor(Number(text) * 1000) : Number.NaN)
  if (format === 'UNIX_MS') return (text) => (/^\d{12,14}$/.test(text) ? Number(text) : Number.NaN)
  if (format === 'ISO8601') {
    const readers = [
      'yyyy-MM-dd*HH:mm:ss.SSSZ',
      'yyyy-MM-dd*HH:mm:ss.SSS',
      'yyyy-MM-dd*HH:mm:ssZ',
      'yyyy-MM-dd*HH:mm:ss',
    ].map(letters)
    return (text, near, zone) => {
      const usual = isoTime(text, near, zone)
      if (!Number.isNaN(usual)) return usual
      for (const reader of readers) {
        const time = reader(text, near, zone)
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
    if (other === '*') return (text, at) => ('T t'.includes(text.charAt(at)) && at < text.length ? at + 1 : -1)
    if (other === '.' || other === ',')
      return (text, at) => ('.,'.includes(text.charAt(at)) && at < text.length ? at + 1 : -1)
    if (other === ' ') return blanks
    if (other !== undefined) {
      if (/[A-Za-z]/.test(other))
        throw new Error(`time format '${format}': '${other}' has no meaning here; put text in quotes`)
      return literal(other)
    }
    return stepOf(token, format)
  })
  const hasYear = /y/.test(format.replace(/'[^']*'/g, ''))
  return (text, near, zone) => {
    stamp.year = hasYear ? 0 : -1
    stamp.month = 1
    stamp.day = 1
    stamp.hour = stamp.minute = stamp.second = stamp.millis = 0
    stamp.offset = NO_OFFSET
    let at = 0
    for (let i = 0; i < steps.length; i++) {
      at = steps[i](text, at)
      if (at < 0) return Number.NaN
    }
    return at === text.length ? timeOfStamp(near, zone) : Number.NaN
  }
}

function timeOfStamp(near: number, zone: Zone): number {
  header.time = Number.NaN
  header.flags = 0
  setTime(header, stamp, near, zone)
  return header.time
}

/** ISO 8601 with two digits for all but the year: 0.06 µs, of the steps of its four forms 0.5. */
function isoTime(text: string, near: number, localZone: Zone): number {
  const { length } = text
  const between = text.charCodeAt(10)
  const shaped =
    length >= 19 &&
    text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH &&
    (between === BLANK || between === LARGE_T || between === SMALL_T) &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON
  if (!shaped) return Number.NaN
  const century = pair(text, 0)
  const year = pair(text, 2)
  stamp.month = pair(text, 5)
  stamp.day = pair(text, 8)
  stamp.hour = pair(text, 11)
  stamp.minute = pair(text, 14)
  stamp.second = pair(text, 17)
  stamp.year = century * 100 + year
  stamp.millis = 0
  stamp.offset = NO_OFFSET
  if ((century | year | stamp.month | stamp.day | stamp.hour | stamp.minute | stamp.second) < 0) return Number.NaN
  let at = 19
  const mark = text.charCodeAt(19)
  if (mark === DOT || mark === COMMA) at = fraction(text, 20)
  if (at > 0 && at < length) at = zone(text, at)
  return at === length ? timeOfStamp(near, localZone) : Number.NaN
}

/** The value of two digits; -1: they are none. */
function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30
  const ones = text.charCodeAt(at + 1) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function literal(wanted: string): Step {
  return (text, at) => (text.startsWith(wanted, at) ? at + wanted.length : -1)
}

const blanks: Step = (text, at) => {
  let p = at
  while (text.charCodeAt(p) === 0x20) p++
  return p > at ? p : -1
}

/** Value and position of up to `most` digits; the value is -1 without any. */
let number = -1
function digits(text: string, at: number, most: number): number {
  let p = at
  number = 0
  while (p - at < most) {
    const digit = text.charCodeAt(p) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    number = number * 10 + digit
    p++
  }
  return p > at ? p : -1
}

function stepOf(token: string, format: string): Step {
  const { length } = token
  switch (token[0]) {
    case 'y':
      if (length === 2)
        return (text, at) => {
          const p = digits(text, at, 2)
          stamp.year = number + (number < 70 ? 2000 : 1900)
          return p === at + 2 ? p : -1
        }
      return (text, at) => {
        const p = digits(text, at, 4)
        stamp.year = number
        return p === at + 4 ? p : -1
      }
    case 'M':
      if (length >= 3)
        return (text, at) => {
          stamp.month = MONTHS.indexOf(text.slice(at, at + 3).toLowerCase()) + 1
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
      return (text, at) => day(text, text.charCodeAt(at) === 0x20 ? at + 1 : at)
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
      return (text, at) => (/^[A-Za-z]{3}/.test(text.slice(at, at + 3)) ? at + 3 : -1)
    case 'Z':
    case 'z':
      return zone
    default:
      throw new Error(`time format '${format}': '${token}' is not known`)
  }
}

/** Digits of a second, of which three count. */
const fraction: Step = (text, at) => {
  const p = digits(text, at, 9)
  const length = p - at
  stamp.millis = length > 3 ? Math.floor(number / TENS[length - 3]) : number * TENS[3 - length]
  return p
}

const TENS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

function two(set: (n: number) => void): Step {
  return (text, at) => {
    const p = digits(text, at, 2)
    set(number)
    return p
  }
}

/** `Z`, `UTC`, `CEST`, `+0200`, `+02:00`, `+02`. */
const zone: Step = (text, at) => {
  ZONE_NAME.lastIndex = at
  const [name] = ZONE_NAME.exec(text) ?? []
  if (name !== undefined) {
    const bytes = Buffer.from(name)
    stamp.offset = name === 'Z' ? 0 : zoneWord(bytes, 0, bytes.length)
    return stamp.offset === NO_OFFSET ? -1 : at + name.length
  }
  const sign = text.charAt(at)
  if (sign !== '+' && sign !== '-') return -1
  let p = digits(text, at + 1, 2)
  if (p !== at + 3) return -1
  let minutes = number * 60
  const q = text.charAt(p) === ':' ? p + 1 : p
  const end = digits(text, q, 2)
  if (end === q + 2) {
    minutes += number
    p = end
  }
  stamp.offset = sign === '-' ? -minutes : minutes
  return p
}

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
    if (at !== text.length) return Number.NaN
    header.time = Number.NaN
    header.flags = 0
    setTime(header, stamp, near, zone)
    return header.time
  }
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
      return (text, at) => {
        const p = digits(text, at, 9)
        stamp.millis = Math.floor((number / 10 ** (p - at)) * 1000 + 1e-6)
        return p
      }
    case 'E':
      return (text, at) => (/^[A-Za-z]{3}/.test(text.slice(at, at + 3)) ? at + 3 : -1)
    case 'Z':
    case 'z':
      return zone
    default:
      throw new Error(`time format '${format}': '${token}' is not known`)
  }
}

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

import type { Stamp } from './stamp.ts'
import type { Zone } from './zone.ts'
import { NO_OFFSET } from './zone-words.ts'

const DAY = 86_400_000
/** Closer to reception than half a year, and no other year can be nearer. */
const HALF_YEAR = 182 * DAY
const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * UTC in ms, or NaN for a time that does not exist (30 February, hour 24). Second 60 counts as 59. A year that is not
 * written is that of the three around reception whose moment is nearest to it and at most 24 h ahead.
 */
export function timeOf(stamp: Stamp, receivedAt: number, zone: Zone): number {
  const { month, day, hour, minute, second } = stamp
  if (month < 1 || month > 12 || day < 1 || day > DAYS[month] || hour > 23 || minute > 59 || second > 60) {
    return Number.NaN
  }
  if (stamp.year >= 0) return inYear(stamp, stamp.year, receivedAt, zone, true)
  const year = yearOf(receivedAt)
  const distance = inYear(stamp, year, receivedAt, zone, false) - receivedAt
  let best = year
  if (distance > DAY) best = year - 1
  else if (distance < -HALF_YEAR) {
    const next = inYear(stamp, year + 1, receivedAt, zone, false) - receivedAt
    if (next <= DAY && next < -distance) best = year + 1
  } else if (month !== 2 || day !== 29) return distance + receivedAt
  return inYear(stamp, best, receivedAt, zone, true)
}

/** `strict`: NaN for 29 February in a year that has none; otherwise that is 1 March. */
function inYear(stamp: Stamp, year: number, receivedAt: number, zone: Zone, strict: boolean): number {
  if (strict && stamp.month === 2 && stamp.day === 29 && !isLeap(year)) return Number.NaN
  const second = stamp.second === 60 ? 59 : stamp.second
  const time = ((stamp.hour * 60 + stamp.minute) * 60 + second) * 1000 + stamp.millis
  const local = dayStart(year, stamp.month, stamp.day) + time
  return stamp.offset === NO_OFFSET ? zone.toUtc(local, receivedAt) : local - stamp.offset * 60_000
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

// Most lines are of the same day as the line before.
let knownDay = -1
let knownStart = 0

function dayStart(year: number, month: number, day: number): number {
  const key = (year << 9) | (month << 5) | day
  if (key !== knownDay) {
    knownDay = key
    // Date.UTC takes the years 0 to 99 for 1900 to 1999: so 400 years later, which is 146,097 days.
    knownStart = Date.UTC(year + 400, month - 1, day) - 146_097 * DAY
  }
  return knownStart
}

let yearStart = 0
let yearEnd = 0
let knownYear = 1970

function yearOf(utc: number): number {
  if (utc < yearStart || utc >= yearEnd) {
    knownYear = new Date(utc).getUTCFullYear()
    yearStart = Date.UTC(knownYear, 0, 1)
    yearEnd = Date.UTC(knownYear + 1, 0, 1)
  }
  return knownYear
}

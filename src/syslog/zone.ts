import { UserError } from '../errors.ts'

/** How the local times of senders that write no zone become UTC. */
export interface Zone {
  readonly name: string
  /**
   * Ms east of UTC at a local time: its day since 1970-01-01 and its ms of that day. Of the two readings in the hour
   * that autumn repeats, the one nearer to `near` (the reception, ms since the epoch); a time in the hour that spring
   * leaves out is read as if the clock had not moved.
   */
  offset(day: number, time: number, near: number): number
}

/**
 * @param name `local` (the machine's zone), an IANA name, or an offset such as `+02:00`, `+0200`, `+02`, `Z`
 * @throws UserError (78) when it is none of these
 */
export function zoneOf(name: string): Zone {
  if (name === 'local') return new CivilZone(name, (utc) => new Date(utc).getTimezoneOffset() * -60_000)
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(name)
  if (offset !== null && Number(offset[2]) <= 18 && Number(offset[3] ?? 0) < 60) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0)
    return new FixedZone(name, minutes * (offset[1] === '-' ? -60_000 : 60_000))
  }
  if (/^(Z|UTC|Etc\/UTC)$/i.test(name)) return new FixedZone(name, 0)
  return new CivilZone(name, intlOffset(name))
}

function intlOffset(name: string): (utc: number) => number {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    throw new UserError(`timezone: wanted local, an IANA name such as Europe/Berlin, or +02:00, got "${name}"`, 78)
  }
  return (utc) => {
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/.exec(format.format(utc)) ?? []
    if (sign === undefined) return 0
    const size = Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds ?? 0) * 1000
    return sign === '-' ? -size : size
  }
}

class FixedZone implements Zone {
  readonly name: string
  readonly #offset: number
  constructor(name: string, offset: number) {
    this.name = name
    this.#offset = offset
  }
  offset(): number {
    return this.#offset
  }
}

const DAY = 86_400_000
/** Days: seldom more than one change of the clock in one window. */
const WINDOW = 200
/** From 1970 to March 2099: later rules are anybody's guess, and stamps from strangers must not fill the memory. */
const WINDOWS = 236

interface Change {
  /** UTC in ms of the first moment with the new offset. */
  at: number
  before: number
  after: number
}

interface Window {
  /** The offset at the beginning, in ms. */
  offset: number
  changes: Change[]
}

/**
 * A zone whose offset changes. Asking Intl takes some 3 µs, so the changes are searched once per window and kept,
 * whatever stamps arrive. Before 1970 and after March 2099 the nearest known offset is used.
 */
class CivilZone implements Zone {
  readonly name: string
  readonly #offsetAt: (utc: number) => number
  readonly #windows: (Window | undefined)[] = new Array(WINDOWS).fill(undefined)

  constructor(name: string, offsetAt: (utc: number) => number) {
    this.name = name
    this.#offsetAt = offsetAt
  }

  offset(day: number, time: number, near: number): number {
    const index = day < 0 ? 0 : Math.min((day / WINDOW) | 0, WINDOWS - 1)
    let window = this.#windows[index]
    if (window === undefined) {
      window = this.#search(index)
      this.#windows[index] = window
    }
    if (window.changes.length === 0) return window.offset
    return resolve(window, day, time, near)
  }

  /** Two days more on both sides, since the window is cut in local time. */
  #search(index: number): Window {
    const from = (index * WINDOW - 2) * DAY
    const to = ((index + 1) * WINDOW + 2) * DAY
    const changes: Change[] = []
    const offset = this.#offsetAt(from)
    let before = offset
    for (let low = from; low < to; low += 7 * DAY) {
      const high = Math.min(low + 7 * DAY, to)
      const after = this.#offsetAt(high)
      if (after === before) continue
      changes.push({ at: this.#firstWith(after, low, high), before, after })
      before = after
    }
    return { offset, changes }
  }

  #firstWith(after: number, low: number, high: number): number {
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#offsetAt(middle) === after) high = middle
      else low = middle
    }
    return high
  }
}

function resolve(window: Window, day: number, time: number, near: number): number {
  const local = day * DAY + time
  let offset = window.offset
  for (const { at, before, after } of window.changes) {
    const early = local - before
    const late = local - after
    if (early < at && late < at) break
    if (early >= at && late >= at) offset = after
    else if (early >= at)
      return before // the hour that was left out
    else return Math.abs(early - near) <= Math.abs(late - near) ? before : after // the hour that came twice
  }
  return offset
}

import { UserError } from '../../errors.ts'

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** ms of `90s`, `15m`, `1h`, `7d`, `2w`; undefined for anything else. */
export function durationOf(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim()) ?? []
  return count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 0)
}

/**
 * ms since the epoch of a time as people type it, in the local zone unless it states one: `now`, `today`, `yesterday`
 * (their first moment), `15m ago`, `-15m`, `15:04`, `15:04:05` (today), `2026-11-23`, `2026-11-23 15:04`, ISO 8601.
 */
export function parseWhen(text: string, now: number): number {
  const said = text.trim().toLowerCase()
  if (said === 'now') return now
  if (said === 'today') return midnight(now, 0)
  if (said === 'yesterday') return midnight(now, -1)
  const past = /^-(.+)$/.exec(said)?.[1] ?? /^(.+?)\s*ago$/.exec(said)?.[1]
  const back = past === undefined ? undefined : durationOf(past)
  if (back !== undefined) return now - back
  const clock = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(said)
  if (clock !== null) {
    const [hour, minute, second] = [clock[1], clock[2], clock[3] ?? '0'].map(Number)
    if (hour !== undefined && hour < 24 && Number(minute) < 60 && Number(second) < 60) {
      return new Date(midnight(now, 0)).setHours(hour, minute, second)
    }
  }
  const written = /^(\d{4}-\d\d-\d\d)(?:[ t]+(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(z|[+-]\d\d:?\d\d)?)?$/.exec(said)
  if (written !== null) {
    const [, date = '', time = '00:00', zone = ''] = written
    const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
    if (!Number.isNaN(ms) && isRealDate(date)) return ms
  }
  throw new UserError(
    `"${text}" is no time. Write for example 15m ago, -1h, 14:30, today, yesterday, 2026-11-23 or 2026-11-23T14:30:00Z`,
    2,
  )
}

function midnight(now: number, days: number): number {
  const date = new Date(now)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime()
}

/** Date.parse takes 30 February for 2 March. */
function isRealDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00Z`)
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date)
}

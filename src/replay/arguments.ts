import { FACILITIES, MAX_PRIORITY, SEVERITIES } from '../syslog/priority.ts'

const facilities: readonly string[] = FACILITIES
const severities: readonly string[] = SEVERITIES
const UNITS: Record<string, number> = { s: 1, sec: 1, min: 60, m: 60, h: 3600 }

/** Per second, of `200/s`, `4500/min`, `2e6/h` or a bare number (per second); `max`; undefined: none of them. */
export function parseRate(text: string): number | 'max' | undefined {
  if (text === 'max') return 'max'
  const [, number, unit] = /^(\d+(?:\.\d+)?(?:e\d)?)(?:\/(s|sec|m|min|h))?$/.exec(text) ?? []
  const rate = Number(number) / (UNITS[unit ?? 's'] ?? 1)
  return rate > 0 ? rate : undefined
}

/** A PRI (RFC 3164 section 4.1.1) of `13` or `local0.info`, or undefined. */
export function parsePri(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= MAX_PRIORITY ? Number(text) : undefined
  const [facility, severity, ...more] = text.toLowerCase().split('.')
  const high = facilities.indexOf(facility)
  const low = severities.indexOf(severity ?? '')
  return high >= 0 && low >= 0 && more.length === 0 ? high * 8 + low : undefined
}

/** How often to send everything: a number from 1, or Infinity of `forever`; undefined: neither. */
export function parsePasses(text: string): number | undefined {
  return text === 'forever' ? Number.POSITIVE_INFINITY : parseCount(text)
}

/** A whole number from 1, or undefined. */
export function parseCount(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
}

/** How many times as fast: `10`, `0.5`, `10x`; undefined: no such thing. */
export function parseSpeed(text: string): number | undefined {
  const [, number] = /^(\d+(?:\.\d+)?)x?$/.exec(text) ?? []
  return Number(number) > 0 ? Number(number) : undefined
}

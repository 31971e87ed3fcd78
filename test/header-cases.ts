import { readFileSync } from 'node:fs'
import { FLAG_NAMES, Header } from '../src/syslog/header.ts'
import { parseHeader } from '../src/syslog/parse.ts'
import { zoneOf } from '../src/syslog/zone.ts'

/** A line of a corpus file; see corpus/README.md. */
export interface Case {
  id: string
  raw: string
  raw_hex?: string
  raw_len?: number
  received?: number
  received_year_hint?: number
  config?: unknown
  expect?: Expect
}

/** null: the source states that the field is absent; undefined: the source does not say. */
export interface Expect {
  pri?: number | null
  facility?: number | null
  severity?: number | null
  timestamp_iso?: string | null
  timestamp_text?: string | null
  host?: string | null
  program?: string | null
  pid?: string | null
  message?: string | null
}

/** What a parser made of a line. `time`: ISO 8601 in UTC, or null for the time of reception. */
export interface Parsed {
  pri: number | null
  time: string | null
  stamp: string | null
  host: string | null
  program: string | null
  pid: string | null
  message: string
  flags: string[]
}

export function corpus<Line>(name: string): Line[] {
  const text = readFileSync(new URL(`corpus/${name}`, import.meta.url), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line))
}

export function rawBytes(line: Case): Buffer {
  if (line.raw_hex !== undefined) return Buffer.from(line.raw_hex, 'hex')
  // Two long probes are abbreviated: `<13>… app: xxx...(2078 bytes: one letter repeated)`.
  if (line.raw_len === undefined) return Buffer.from(line.raw)
  const shown = line.raw.slice(0, line.raw.indexOf('...('))
  return Buffer.from(shown.padEnd(line.raw_len, shown.at(-1)))
}

const UTC = zoneOf('UTC')

export function parse(bytes: Buffer, receivedAt: number, zone = UTC, tagWithoutColon = false): Parsed {
  const header = new Header()
  parseHeader(header, bytes, 0, bytes.length, receivedAt, zone, tagWithoutColon)
  const text = (start: number, end: number) => (start < 0 ? null : bytes.toString('utf8', start, end))
  return {
    pri: header.priority,
    time: Number.isNaN(header.time) ? null : new Date(header.time).toISOString(),
    stamp: text(header.stampStart, header.stampEnd),
    host: text(header.hostStart, header.hostEnd),
    program: text(header.programStart, header.programEnd),
    pid: text(header.pidStart, header.pidEnd),
    message: bytes.toString('utf8', header.messageStart, header.lineEnd),
    flags: FLAG_NAMES.filter((_, bit) => (header.flags & (1 << bit)) !== 0),
  }
}

/**
 * Names of the fields in which a parser disagrees with the source's expectations, of those that the source states.
 * The same for every parser; `''` and `-` are ways of writing "absent".
 */
export function disagreements(line: Case, expect: Expect, got: Parsed): (keyof Expect)[] {
  const wrong: (keyof Expect)[] = []
  const check = (field: keyof Expect, same: boolean) => {
    if (!same) wrong.push(field)
  }
  const absent = (text: string | null) => (text === '' || text === '-' ? null : text)
  // No parser can say "no priority" in its output, they all say 13: our flag is asked for elsewhere.
  if (typeof expect.pri === 'number') check('pri', got.pri === expect.pri)
  if (typeof expect.facility === 'number') check('facility', got.pri !== null && got.pri >> 3 === expect.facility)
  if (typeof expect.severity === 'number') check('severity', got.pri !== null && (got.pri & 7) === expect.severity)
  if (expect.host !== undefined) check('host', got.host === absent(expect.host))
  if (expect.program !== undefined) check('program', got.program === absent(expect.program))
  if (expect.pid !== undefined) check('pid', got.pid === absent(expect.pid))
  if (expect.message !== undefined) check('message', got.message === (expect.message ?? ''))
  if (expect.timestamp_iso !== undefined) check('timestamp_iso', sameTime(line, expect.timestamp_iso, got.time))
  return wrong
}

export function stated(expect: Expect): number {
  const { pri, facility, severity, host, program, pid, message, timestamp_iso } = expect
  const numbers = [pri, facility, severity].filter((value) => typeof value === 'number').length
  return numbers + [host, program, pid, message, timestamp_iso].filter((value) => value !== undefined).length
}

/** To the second; without the year where the line does not write it, since the sources' reception is not ours. */
function sameTime(line: Case, expected: string | null, got: string | null): boolean {
  if (expected === null || got === null) return expected === got
  const guessed = expected.startsWith('YYYY') || line.received_year_hint !== undefined
  const written = expected.replace('YYYY', '2026').replace(/\.\d+/, '')
  const at = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(written) ? written : `${written}Z`)
  const from = guessed ? 5 : 0
  return at.toISOString().slice(from, 19) === got.slice(from, 19)
}

/** When a case counts as received: with its year in the past, as the sources' clocks had it. */
export function receivedAt(line: Case): number {
  if (line.received !== undefined) return line.received * 1000
  return Date.UTC(line.received_year_hint ?? 2026, 10, 23, 3, 14, 21)
}

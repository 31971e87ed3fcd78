import { FLAG_NAMES, FLAG_NOT_UTF8, FLAG_NUL_ESCAPED, type Header } from '../syslog/header.ts'
import { FACILITIES, SEVERITIES } from '../syslog/priority.ts'
import { structuredData } from '../syslog/structured-data.ts'
import { escapeJson, escaping, jsonBytes, put, REPLACED_INVALID_UTF8, REPLACED_NUL } from './json-bytes.ts'
import type { Line, Shape, Source } from './line.ts'
import { IsoClock } from './times.ts'

const OPEN = Buffer.from('{"@timestamp":"')
const CREATED = Buffer.from('Z","event":{"created":"')
const ORIGINAL = Buffer.from('Z","original":"')
const MESSAGE = Buffer.from('"},"message":"')
const AFTER_MESSAGE = Buffer.from('",')
const PID = Buffer.from(',"pid":')
const PROCID = Buffer.from(',"procid":"')
const VERSION = Buffer.from(',"version":"')
const MSGID = Buffer.from(',"msgid":"')
const STRUCTURED = Buffer.from(',"structured_data":')
const QUOTE = Buffer.from('"')
const ROUTE = Buffer.from('}},"sluice":{"route":')
const FLAGS = Buffer.from(',"flags":')
const CLOSE = Buffer.from('}}')

/**
 * The Elastic Common Schema (https://www.elastic.co/docs/reference/ecs), as nested objects. The line is escaped once,
 * as `event.original`; `message` is its end, copied from there.
 */
export class EcsShape implements Shape {
  readonly #created = new IsoClock()
  readonly #timestamp = new IsoClock()

  compose(out: Uint8Array, at: number, line: Line): number {
    const { bytes, header, source } = line
    source.pieces ??= piecesOf(source)
    const { pieces } = source
    let o = put(out, at, OPEN)
    o = this.#timestamp.write(out, o, line.time, true)
    o = put(out, o, CREATED)
    o = this.#created.write(out, o, line.receivedAt, true)
    o = put(out, o, ORIGINAL)

    escaping.replaced = 0
    const messageAt = escapeJson(out, o, bytes, line.start, header.messageStart)
    const originalEnd = escapeJson(out, messageAt, bytes, header.messageStart, header.lineEnd)
    o = put(out, originalEnd, MESSAGE)
    out.copyWithin(o, messageAt, originalEnd)
    o = put(out, o + originalEnd - messageAt, AFTER_MESSAGE)
    if (escaping.replaced & REPLACED_INVALID_UTF8) header.flags |= FLAG_NOT_UTF8
    if (escaping.replaced & REPLACED_NUL) header.flags |= FLAG_NUL_ESCAPED

    o = put(out, o, pieces[0])
    const numericPid = source.program !== '' && isNumber(bytes, header.pidStart, header.pidEnd)
    if (numericPid) {
      o = put(out, o, PID)
      o = copy(out, o, bytes, header.pidStart, header.pidEnd)
    }
    o = put(out, o, pieces[1])
    if (header.pidStart >= 0 && !numericPid) o = writeField(out, o, PROCID, bytes, header.pidStart, header.pidEnd)
    if (header.version !== 0) o = writeRfc5424(out, o, bytes, header)
    o = put(out, o, ROUTE)
    o = put(out, o, line.routes)
    if (header.flags !== 0) {
      o = put(out, o, FLAGS)
      o = put(out, o, flagNames(header.flags))
    }
    return put(out, o, CLOSE)
  }
}

/** What is the same for all lines of a source, cut where a pid goes in. */
function piecesOf(source: Source): readonly Uint8Array[] {
  const { priority } = source
  const facility = priority >> 3
  const severity = priority & 7
  const host = `"host":{"name":${jsonBytes(source.host)}}`
  const process = source.program === '' ? '' : `,"process":{"name":${jsonBytes(source.program)}`
  const syslog = {
    priority,
    facility: { code: facility, name: FACILITIES[facility] },
    severity: { code: severity, name: SEVERITIES[severity] },
  }
  const log = JSON.stringify({ level: SEVERITIES[severity], source: { address: source.sender }, syslog })
  return [Buffer.from(host + process), Buffer.from(`${process === '' ? '' : '}'},"log":${log.slice(0, -2)}`)]
}

function writeRfc5424(out: Uint8Array, at: number, bytes: Uint8Array, header: Header): number {
  let o = put(out, at, VERSION)
  o = put(out, o, Buffer.from(String(header.version)))
  o = put(out, o, QUOTE)
  if (header.msgidStart >= 0) o = writeField(out, o, MSGID, bytes, header.msgidStart, header.msgidEnd)
  if (header.structuredStart >= 0) {
    o = put(out, o, STRUCTURED)
    o = put(out, o, Buffer.from(JSON.stringify(structuredData(bytes, header.structuredStart, header.structuredEnd))))
  }
  return o
}

function writeField(out: Uint8Array, at: number, name: Uint8Array, bytes: Uint8Array, from: number, to: number) {
  return put(out, escapeJson(out, put(out, at, name), bytes, from, to), QUOTE)
}

function copy(out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) out[at++] = bytes[i]
  return at
}

/** Up to 10 digits without a leading zero: what JSON and Elasticsearch's `long` take as it is. */
function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (from < 0 || length === 0 || length > 10 || (length > 1 && bytes[from] === 0x30)) return false
  for (let i = from; i < to; i++) if (bytes[i] < 0x30 || bytes[i] > 0x39) return false
  return true
}

const flagTexts = new Map<number, Uint8Array>()

/** A set of flags as the bytes of a JSON array of their names. Few sets occur, so each is written once. */
export function flagNames(flags: number): Uint8Array {
  let text = flagTexts.get(flags)
  if (text === undefined) {
    text = Buffer.from(JSON.stringify(FLAG_NAMES.filter((_, bit) => flags & (1 << bit))))
    flagTexts.set(flags, text)
  }
  return text
}

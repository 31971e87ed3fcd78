import { EVENT, HAS_PROCESS_NAME, HAS_PROCESS_PID, HOST, LOG, PROCESS, REST } from '../dataset/enrichment.ts'
import { FLAG_NAMES, FLAG_NOT_UTF8, FLAG_NUL_ESCAPED, type Header } from '../syslog/header.ts'
import { FACILITIES, SEVERITIES } from '../syslog/priority.ts'
import { structuredData } from '../syslog/structured-data.ts'
import { escapeJson, escaping, jsonBytes, put, REPLACED_INVALID_UTF8, REPLACED_NUL } from './json-bytes.ts'
import type { Line, Shape, Source } from './line.ts'
import { IsoClock } from './times.ts'

const OPEN = Buffer.from('{"@timestamp":"')
const CREATED = Buffer.from('Z","event":{"created":"')
const ORIGINAL = Buffer.from('Z","original":"')
const DATASET = Buffer.from(',"dataset":')
const END_OBJECT = Buffer.from('}')
const MESSAGE = Buffer.from('},"message":"')
const PROCESS_OPEN = Buffer.from(',"process":{')
const LOG_OPEN = Buffer.from(',"log":{"level":')
const PID = Buffer.from(',"pid":')
const PROCID = Buffer.from(',"procid":"')
const VERSION = Buffer.from(',"version":"')
const MSGID = Buffer.from(',"msgid":"')
const STRUCTURED = Buffer.from(',"structured_data":')
const OPEN_BRACE = 0x7b
const QUOTE = Buffer.from('"')
const LOG_CLOSE = Buffer.from('}}')
const ROUTE = Buffer.from(',"sluice":{"route":')
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
    const { bytes, header, source, enrichment } = line
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
    o = put(out, originalEnd, QUOTE)
    if (enrichment !== null) {
      o = put(out, put(out, o, DATASET), nameBytes(enrichment.dataset))
      o = enrichment.copy(EVENT, out, o)
    }
    o = put(out, o, MESSAGE)
    out.copyWithin(o, messageAt, originalEnd)
    o = put(out, o + originalEnd - messageAt, QUOTE)
    if (escaping.replaced & REPLACED_INVALID_UTF8) header.flags |= FLAG_NOT_UTF8
    if (escaping.replaced & REPLACED_NUL) header.flags |= FLAG_NUL_ESCAPED

    o = put(out, o, pieces[0])
    if (enrichment !== null) o = enrichment.copy(HOST, out, o)
    o = put(out, o, END_OBJECT)
    const numericPid = source.program !== '' && isNumber(bytes, header.pidStart, header.pidEnd)
    o = writeProcess(out, o, line, pieces[1], numericPid)
    o = put(out, o, LOG_OPEN)
    o = put(out, o, enrichment?.level == null ? pieces[2] : nameBytes(enrichment.level))
    if (enrichment !== null) o = enrichment.copy(LOG, out, o)
    o = put(out, o, pieces[3])
    if (header.pidStart >= 0 && !numericPid) o = writeField(out, o, PROCID, bytes, header.pidStart, header.pidEnd)
    if (header.version !== 0) o = writeRfc5424(out, o, bytes, header)
    o = put(out, o, LOG_CLOSE)
    if (enrichment !== null) o = enrichment.copy(REST, out, o)
    o = put(out, o, ROUTE)
    o = put(out, o, line.routes)
    if (header.flags !== 0) {
      o = put(out, o, FLAGS)
      o = put(out, o, flagNames(header.flags))
    }
    return put(out, o, CLOSE)
  }
}

/** What is the same for all lines of a source: host; program; level; what else the header says. */
function piecesOf(source: Source): readonly Uint8Array[] {
  const { priority } = source
  const facility = priority >> 3
  const severity = priority & 7
  const syslog = {
    priority,
    facility: { code: facility, name: FACILITIES[facility] },
    severity: { code: severity, name: SEVERITIES[severity] },
  }
  const rest = JSON.stringify({ source: { address: source.sender }, syslog })
  return [
    Buffer.from(`,"host":{"name":${jsonBytes(source.host)}`),
    Buffer.from(source.program === '' ? '' : `,"name":${jsonBytes(source.program)}`),
    nameBytes(SEVERITIES[severity]),
    Buffer.from(`,${rest.slice(1, -2)}`),
  ]
}

/** The header's program and pid, where the text does not name others, and what else the text says of the process. */
function writeProcess(out: Uint8Array, at: number, line: Line, name: Uint8Array, numericPid: boolean): number {
  const { bytes, header, enrichment } = line
  const start = put(out, at, PROCESS_OPEN)
  const has = enrichment === null ? 0 : enrichment.has
  // Members begin with a comma; the object's brace takes the place of the first.
  let o = start - 1
  if (!(has & HAS_PROCESS_NAME)) o = put(out, o, name)
  if (numericPid && !(has & HAS_PROCESS_PID)) {
    o = put(out, o, PID)
    o = copy(out, o, bytes, header.pidStart, header.pidEnd)
  }
  if (enrichment !== null) o = enrichment.copy(PROCESS, out, o)
  if (o === start - 1) return at
  out[start - 1] = OPEN_BRACE
  return put(out, o, END_OBJECT)
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

const names = new Map<string, Uint8Array>()

/** The name of a level or a dataset as the bytes of a JSON string. */
export function nameBytes(name: string): Uint8Array {
  let text = names.get(name)
  if (text === undefined) {
    text = Buffer.from(jsonBytes(name))
    names.set(name, text)
  }
  return text
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

import {
  type Enrichment,
  EVENT,
  HAS_PROCESS_NAME,
  HAS_PROCESS_PID,
  HOST,
  LOG,
  PROCESS,
  REST,
} from '../dataset/enrichment.ts'
import { FLAG_NOT_UTF8, FLAG_NUL_ESCAPED, type Header } from '../syslog/header.ts'
import { FACILITIES, SEVERITIES } from '../syslog/priority.ts'
import { structuredData } from '../syslog/structured-data.ts'
import { escapeJson, escaping, putPlain, REPLACED_INVALID_UTF8, REPLACED_NUL } from './json-bytes.ts'
import type { Kind, Line, Shape } from './line.ts'
import type { Memory } from './memory.ts'
import { flagNames, jsonText, namePieces } from './names.ts'
import { Piece, putAgain } from './piece.ts'
import { IsoClock } from './times.ts'

/** The times are written over the blanks. */
const BLANKS = ' '.repeat(24)
const OPEN = new Piece(`{"@timestamp":"${BLANKS}","event":{"created":"${BLANKS}","original":"`)
const TIMESTAMP_AT = '{"@timestamp":"'.length
const CREATED_AT = OPEN.length - `${BLANKS}","original":"`.length

const MESSAGE = new Piece('"},"message":"')
const datasetPiece = namePieces('","dataset":')
const MESSAGE_AFTER_DATASET = new Piece('},"message":"')
const PROCESS_OPEN = new Piece('},"process":{')
const levelPiece = namePieces('},"log":{"level":')
const PID = new Piece(',"pid":')
const PROCID = new Piece(',"procid":"')
const VERSION = new Piece(',"version":"')
const MSGID = new Piece(',"msgid":"')
const STRUCTURED = new Piece(',"structured_data":')
const QUOTE = new Piece('"')
const FLAGS = new Piece(',"flags":')
const CLOSE = new Piece('}}')
const OPEN_BRACE = 0x7b

/** Indices of a kind's pieces. */
const HOST_NAME = 0
const PROCESS_NAME = 1
const HOST_AND_PROCESS = 2
const SYSLOG = 3
const LEVEL_AND_SYSLOG = 4
const ROUTE = 5
const LEVEL_TO_END = 6
const ROUTE_TO_END = 7

/**
 * The Elastic Common Schema (https://www.elastic.co/docs/reference/ecs), as nested objects. The line is escaped once,
 * as `event.original`; `message` is its end, copied from there. What lines of a kind have in common is copied in as
 * few pieces as what is known of the line allows.
 */
export class EcsShape implements Shape {
  readonly #created = new IsoClock()
  readonly #timestamp = new IsoClock()

  compose(out: DataView, at: number, line: Line): number {
    const { memory, header, kind, enrichment } = line
    kind.pieces ??= piecesOf(kind)
    const { pieces } = kind
    let o = OPEN.put(out, at)
    this.#timestamp.write(out, at + TIMESTAMP_AT, line.time)
    this.#created.write(out, at + CREATED_AT, line.receivedAt)

    escaping.replaced = 0
    const messageAt = escapeJson(out, o, memory, line.start, header.messageStart)
    const originalEnd =
      enrichment?.messageIsPlain === true
        ? putPlain(out, messageAt, memory, header.messageStart, header.lineEnd)
        : escapeJson(out, messageAt, memory, header.messageStart, header.lineEnd)
    if (enrichment === null) o = MESSAGE.put(out, originalEnd)
    else {
      o = datasetPiece(enrichment.dataset).put(out, originalEnd)
      o = MESSAGE_AFTER_DATASET.put(out, enrichment.copy(EVENT, out, o))
    }
    o = putAgain(out, o, messageAt, originalEnd)
    if (escaping.replaced & REPLACED_INVALID_UTF8) header.flags |= FLAG_NOT_UTF8
    if (escaping.replaced & REPLACED_NUL) header.flags |= FLAG_NUL_ESCAPED

    const numericPid = kind.source.program !== '' && isNumber(memory.bytes, header.pidStart, header.pidEnd)
    o = writeHostAndProcess(out, o, line, pieces, numericPid)
    const hasProcid = header.pidStart >= 0 && !numericPid
    if (enrichment === null && header.flags === 0 && !hasProcid && header.version === 0) {
      return pieces[LEVEL_TO_END].put(out, o)
    }
    const priorityLevel = SEVERITIES[kind.source.priority & 7]
    const level = enrichment?.level ?? priorityLevel
    if (level === priorityLevel && (enrichment === null || isEmpty(enrichment, LOG))) {
      o = pieces[LEVEL_AND_SYSLOG].put(out, o)
    } else {
      o = levelPiece(level).put(out, o)
      if (enrichment !== null) o = enrichment.copy(LOG, out, o)
      o = pieces[SYSLOG].put(out, o)
    }
    if (hasProcid) o = writeField(out, o, PROCID, memory, header.pidStart, header.pidEnd)
    if (header.version !== 0) o = writeRfc5424(out, o, memory, header)
    o = CLOSE.put(out, o)
    if (enrichment !== null) o = enrichment.copy(REST, out, o)
    if (header.flags === 0) return pieces[ROUTE_TO_END].put(out, o)
    return CLOSE.put(out, flagNames(header.flags).put(out, FLAGS.put(out, pieces[ROUTE].put(out, o))))
  }
}

function piecesOf({ source, routes }: Kind): readonly Piece[] {
  const { priority } = source
  const facility = priority >> 3
  const severity = priority & 7
  const syslog = {
    priority,
    facility: { code: facility, name: FACILITIES[facility] },
    severity: { code: severity, name: SEVERITIES[severity] },
  }
  const text = JSON.stringify({ source: { address: source.sender }, syslog })
  const host = `","host":{"name":${jsonText(source.host)}`
  const process = `},"process":{"name":${jsonText(source.program)}`
  const rest = `,${text.slice(1, -2)}`
  const level = `},"log":{"level":${jsonText(SEVERITIES[severity])}${rest}`
  const route = `,"sluice":{"route":${routes}`
  const pieces = [host, process, host + process, rest, level, route, `${level}}}${route}}}`, `${route}}}`]
  return pieces.map((piece) => new Piece(piece))
}

/**
 * The header's host, program and pid, where the text does not name others, and what else the text says of host and
 * process. The brace of the last object is left open.
 */
function writeHostAndProcess(
  out: DataView,
  at: number,
  { memory, header, kind, enrichment }: Line,
  pieces: readonly Piece[],
  numericPid: boolean,
): number {
  const has = enrichment === null ? 0 : enrichment.has
  const named = kind.source.program !== '' && !(has & HAS_PROCESS_NAME)
  let o: number
  if (enrichment === null || isEmpty(enrichment, HOST)) o = pieces[named ? HOST_AND_PROCESS : HOST_NAME].put(out, at)
  else {
    o = enrichment.copy(HOST, out, pieces[HOST_NAME].put(out, at))
    if (named) o = pieces[PROCESS_NAME].put(out, o)
  }
  const end = o
  // Members begin with a comma; the brace takes the place of the first.
  if (!named) o = PROCESS_OPEN.put(out, o) - 1
  const open = o
  if (numericPid && !(has & HAS_PROCESS_PID)) {
    o = PID.put(out, o)
    for (let i = header.pidStart; i < header.pidEnd; i++) out.setUint8(o++, memory.bytes[i])
  }
  if (enrichment !== null) o = enrichment.copy(PROCESS, out, o)
  if (named) return o
  if (o === open) return end
  out.setUint8(open, OPEN_BRACE)
  return o
}

function isEmpty({ ends }: Enrichment, group: number): boolean {
  return ends[group] === ends[group - 1]
}

function writeRfc5424(out: DataView, at: number, memory: Memory, header: Header): number {
  let o = VERSION.put(out, at)
  o = new Piece(`${header.version}"`).put(out, o)
  if (header.msgidStart >= 0) o = writeField(out, o, MSGID, memory, header.msgidStart, header.msgidEnd)
  if (header.structuredStart >= 0) {
    const data = structuredData(memory.bytes, header.structuredStart, header.structuredEnd)
    o = new Piece(JSON.stringify(data)).put(out, STRUCTURED.put(out, o))
  }
  return o
}

function writeField(out: DataView, at: number, name: Piece, memory: Memory, from: number, to: number): number {
  return QUOTE.put(out, escapeJson(out, name.put(out, at), memory, from, to))
}

/** Up to 10 digits without a leading zero: what JSON and Elasticsearch's `long` take as it is. */
function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (from < 0 || length === 0 || length > 10 || (length > 1 && bytes[from] === 0x30)) return false
  for (let i = from; i < to; i++) if (bytes[i] < 0x30 || bytes[i] > 0x39) return false
  return true
}

import { type Enrichment, EVENT, HOST, LOG, PROCESS, REST } from '../dataset/enrichment.ts'
import { FLAG_NOT_UTF8, FLAG_NUL_ESCAPED } from '../syslog/header.ts'
import { SEVERITIES } from '../syslog/priority.ts'
import { escapeJson, escaping, REPLACED_INVALID_UTF8, REPLACED_NUL } from './json-bytes.ts'
import type { Kind, Line, Shape } from './line.ts'
import { flagNames, jsonText, namePieces } from './names.ts'
import { Piece, putAgain } from './piece.ts'
import { IsoClock } from './times.ts'

const OPEN = new Piece('{"message":"')
const TIMESTAMP = new Piece('","@timestamp":"')
const PATH = new Piece(',"path":')
const QUOTE = new Piece('"')
const levelPiece = namePieces('","syslog_severity":')
const FLAGS = new Piece(',"sluice_flags":')
const CLOSE = new Piece('}')

/** Indices of a kind's pieces. */
const TYPE = 0
const PROGRAM = 1
const HOST_TO_MESSAGE = 2
const LEVEL_TO_MESSAGE = 3

/**
 * The flat form of 2013 with Logstash's own field names, for dashboards that exist: `message` is the line without
 * PRI, `@message` what follows the tag's colon, times are UTC without a zone.
 */
export class LogstashShape implements Shape {
  readonly #timestamp = new IsoClock()
  readonly #received = new IsoClock()

  compose(out: DataView, at: number, line: Line): number {
    const { memory, header, kind, enrichment } = line
    kind.pieces ??= piecesOf(kind)
    const { pieces } = kind
    escaping.replaced = 0
    const open = OPEN.put(out, at)
    const textAt = escapeJson(out, open, memory, header.lineStart, header.afterTagStart)
    const lineEnd = escapeJson(out, textAt, memory, header.afterTagStart, header.lineEnd)
    if (escaping.replaced & REPLACED_INVALID_UTF8) header.flags |= FLAG_NOT_UTF8
    if (escaping.replaced & REPLACED_NUL) header.flags |= FLAG_NUL_ESCAPED

    let o = TIMESTAMP.put(out, lineEnd)
    o = this.#timestamp.writeShort(out, o, line.time)
    o = pieces[TYPE].put(out, o)
    if (line.path !== null) o = line.path.put(out, PATH.put(out, o))
    o = pieces[PROGRAM].put(out, o)
    if (header.stampStart >= 0) o = escapeJson(out, o, memory, header.stampStart, header.stampEnd)
    else o = this.#received.writeShort(out, o, line.receivedAt)
    if (enrichment === null || enrichment.level === null) o = pieces[LEVEL_TO_MESSAGE].put(out, o)
    else {
      o = levelPiece(enrichment.level.toUpperCase()).put(out, o)
      o = pieces[HOST_TO_MESSAGE].put(out, o)
    }
    o = QUOTE.put(out, putAgain(out, o, textAt, lineEnd))
    if (header.flags !== 0) o = flagNames(header.flags).put(out, FLAGS.put(out, o))
    if (enrichment !== null) o = writeFields(out, o, enrichment)
    return CLOSE.put(out, o)
  }
}

const OBJECTS: [group: number, open: Piece][] = [
  [HOST, new Piece(',"host":')],
  [PROCESS, new Piece(',"process":')],
  [LOG, new Piece(',"log":')],
]
const eventPiece = namePieces(',"event":{"dataset":')
const BRACE = 0x7b

/** The dataset's fields, by the same names as in the ECS form. */
function writeFields(out: DataView, at: number, enrichment: Enrichment): number {
  let o = eventPiece(enrichment.dataset).put(out, at)
  o = CLOSE.put(out, enrichment.copy(EVENT, out, o))
  for (const [group, open] of OBJECTS) {
    const start = open.put(out, o)
    const end = enrichment.copy(group, out, start)
    if (end === start) continue
    // Members begin with a comma.
    out.setUint8(start, BRACE)
    o = CLOSE.put(out, end)
  }
  return enrichment.copy(REST, out, o)
}

function piecesOf({ source }: Kind): readonly Piece[] {
  const type = `","type":${jsonText(source.program === '' ? 'syslog' : `syslog_${source.program}`)}`
  const program = source.program === '' ? '' : `,"program":${jsonText(source.program)}`
  const host = `,"@source_host":${jsonText(source.host)},"@message":"`
  const level = `","syslog_severity":"${SEVERITIES[source.priority & 7].toUpperCase()}"`
  return [type, `${program},"received_at":"`, host, level + host].map((piece) => new Piece(piece))
}

import { type Enrichment, EVENT, HOST, LOG, PROCESS, REST } from '../dataset/enrichment.ts'
import { FLAG_NOT_UTF8, FLAG_NUL_ESCAPED } from '../syslog/header.ts'
import { SEVERITIES } from '../syslog/priority.ts'
import { flagNames, nameBytes } from './ecs.ts'
import { escapeJson, escaping, jsonBytes, put, REPLACED_INVALID_UTF8, REPLACED_NUL } from './json-bytes.ts'
import type { Line, Shape, Source } from './line.ts'
import { IsoClock } from './times.ts'

const OPEN = Buffer.from('{"message":"')
const TIMESTAMP = Buffer.from('","@timestamp":"')
const QUOTE_COMMA = Buffer.from('",')
const PATH = Buffer.from(',"path":')
const RECEIVED_AT = Buffer.from(',"received_at":"')
const QUOTE = Buffer.from('"')
const AT_MESSAGE = Buffer.from(',"@message":"')
const FLAGS = Buffer.from(',"sluice_flags":')
const CLOSE = Buffer.from('}')
const LEVEL = Buffer.from(',"syslog_severity":')

/**
 * The flat form of 2013 with Logstash's own field names, for dashboards that exist: `message` is the line without
 * PRI, `@message` what follows the tag's colon, times are UTC without a zone.
 */
export class LogstashShape implements Shape {
  readonly #timestamp = new IsoClock()
  readonly #received = new IsoClock()

  compose(out: Uint8Array, at: number, line: Line): number {
    const { bytes, header, source, enrichment } = line
    source.pieces ??= piecesOf(source)
    const { pieces } = source
    escaping.replaced = 0
    const open = put(out, at, OPEN)
    const textAt = escapeJson(out, open, bytes, header.lineStart, header.afterTagStart)
    const lineEnd = escapeJson(out, textAt, bytes, header.afterTagStart, header.lineEnd)
    if (escaping.replaced & REPLACED_INVALID_UTF8) header.flags |= FLAG_NOT_UTF8
    if (escaping.replaced & REPLACED_NUL) header.flags |= FLAG_NUL_ESCAPED

    let o = put(out, lineEnd, TIMESTAMP)
    o = this.#timestamp.write(out, o, line.time, false)
    o = put(out, o, QUOTE_COMMA)
    o = put(out, o, pieces[0])
    if (line.path !== null) {
      o = put(out, o, PATH)
      o = put(out, o, line.path)
    }
    o = put(out, o, pieces[1])
    o = put(out, o, RECEIVED_AT)
    if (header.stampStart >= 0) o = escapeJson(out, o, bytes, header.stampStart, header.stampEnd)
    else o = this.#received.write(out, o, line.receivedAt, false)
    o = put(out, o, QUOTE)
    o = put(out, o, LEVEL)
    o = put(out, o, enrichment?.level == null ? pieces[2] : levelBytes(enrichment.level))
    o = put(out, o, pieces[3])
    o = put(out, o, AT_MESSAGE)
    out.copyWithin(o, textAt, lineEnd)
    o += lineEnd - textAt
    o = put(out, o, QUOTE)
    if (header.flags !== 0) {
      o = put(out, o, FLAGS)
      o = put(out, o, flagNames(header.flags))
    }
    if (enrichment !== null) o = writeFields(out, o, enrichment)
    return put(out, o, CLOSE)
  }
}

const OBJECTS: [group: number, open: Uint8Array][] = [
  [HOST, Buffer.from(',"host":')],
  [PROCESS, Buffer.from(',"process":')],
  [LOG, Buffer.from(',"log":')],
]
const EVENT_OPEN = Buffer.from(',"event":{"dataset":')
const BRACE = 0x7b

/** The dataset's fields, by the same names as in the ECS form. */
function writeFields(out: Uint8Array, at: number, enrichment: Enrichment): number {
  let o = put(out, put(out, at, EVENT_OPEN), nameBytes(enrichment.dataset))
  o = put(out, enrichment.copy(EVENT, out, o), CLOSE)
  for (const [group, open] of OBJECTS) {
    const start = put(out, o, open)
    const end = enrichment.copy(group, out, start)
    if (end === start) continue
    // Members begin with a comma.
    out[start] = BRACE
    o = put(out, end, CLOSE)
  }
  return enrichment.copy(REST, out, o)
}

/** What is the same for all lines of a source: type; program; level; host. */
function piecesOf(source: Source): readonly Uint8Array[] {
  const program = source.program === '' ? '' : `,"program":${jsonBytes(source.program)}`
  return [
    Buffer.from(`"type":${jsonBytes(source.program === '' ? 'syslog' : `syslog_${source.program}`)}`),
    Buffer.from(program),
    levelBytes(SEVERITIES[source.priority & 7]),
    Buffer.from(`,"@source_host":${jsonBytes(source.host)}`),
  ]
}

function levelBytes(level: string): Uint8Array {
  return nameBytes(level.toUpperCase())
}

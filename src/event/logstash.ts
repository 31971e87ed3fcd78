import { FLAG_NOT_UTF8, FLAG_NUL_ESCAPED } from '../syslog/header.ts'
import { SEVERITIES } from '../syslog/priority.ts'
import { flagNames } from './ecs.ts'
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
const FLAGS = Buffer.from('","sluice_flags":')
const CLOSE = Buffer.from('}')
const CLOSE_QUOTED = Buffer.from('"}')

/**
 * The flat form of 2013 with Logstash's own field names, for dashboards that exist: `message` is the line without
 * PRI, `@message` what follows the tag's colon, times are UTC without a zone.
 */
export class LogstashShape implements Shape {
  readonly #timestamp = new IsoClock()
  readonly #received = new IsoClock()

  compose(out: Uint8Array, at: number, line: Line): number {
    const { bytes, header, source } = line
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
    o = put(out, o, pieces[2])
    o = put(out, o, AT_MESSAGE)
    out.copyWithin(o, textAt, lineEnd)
    o += lineEnd - textAt
    if (header.flags === 0) return put(out, o, CLOSE_QUOTED)
    o = put(out, o, FLAGS)
    o = put(out, o, flagNames(header.flags))
    return put(out, o, CLOSE)
  }
}

/** What is the same for all lines of a source: type; program; level and host. */
function piecesOf(source: Source): readonly Uint8Array[] {
  const program = source.program === '' ? '' : `,"program":${jsonBytes(source.program)}`
  const level = SEVERITIES[source.priority & 7].toUpperCase()
  return [
    Buffer.from(`"type":${jsonBytes(source.program === '' ? 'syslog' : `syslog_${source.program}`)}`),
    Buffer.from(program),
    Buffer.from(`,"syslog_severity":"${level}","@source_host":${jsonBytes(source.host)}`),
  ]
}

/** The line that an event was made from, or could have been. */
export interface EventLine {
  line: string | Buffer
  /** When it was recorded, ms since the epoch, or NaN. */
  time: number
}

const MAX_HEADER_WORD = 255

/**
 * What to send for a JSON document; null when it contains no text. In this order:
 * - `raw_hex`: a recorded datagram, as bytes (`received`: seconds since the epoch);
 * - `event.original`, exactly;
 * - the logstash shape: `message` is the line already, only its PRI is gone;
 * - `@message` or `message`, with an RFC 3164 header made from the fields that say time, host, program and pid.
 *   The time is written as RFC 3339 with zone (as rsyslog's forward format does), since RFC 3164's own form has
 *   neither year nor zone. Without a priority in the event it gets no PRI.
 *
 * Field names may be nested (`{"host":{"name":…}}`) or dotted (`{"host.name":…}`), below `_source` or not.
 */
export function eventLine(document: unknown): EventLine | null {
  const event = fieldOf(document, '_source') ?? document
  const time = timeOf(event)
  const hex = fieldOf(event, 'raw_hex')
  if (typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/i.test(hex)) return { line: Buffer.from(hex, 'hex'), time }
  const original = text(event, 'event.original')
  if (original !== null) return { line: original, time }

  const message = text(event, 'message')
  const body = text(event, '@message')
  if (message === null && body === null) return null
  const pri = priOf(event)
  if (message !== null) {
    if (/^<\d{1,3}>/.test(message)) return { line: message, time }
    if (body !== null && message !== body && message.endsWith(body)) return { line: pri + message, time }
  }
  return { line: pri + header(event, time) + (body ?? message ?? '').replace(/^ /, ''), time }
}

function header(event: unknown, time: number): string {
  const host = word(event, ['host.name', 'host.hostname', 'host', '@source_host', 'logsource', 'hostname'])
  const program = word(event, ['process.name', 'program', '@fields.program', 'log.syslog.appname'])
  const pid = word(event, ['process.pid', 'pid', '@fields.pid', 'log.syslog.procid'])
  if (Number.isNaN(time)) return program === null ? '' : `${program}${pid === null ? '' : `[${pid}]`}: `
  const stamp = `${new Date(time).toISOString()} ${host ?? '-'} `
  return program === null ? stamp : `${stamp}${program}${pid === null ? '' : `[${pid}]`}: `
}

function priOf(event: unknown): string {
  const facility = field(event, 'log.syslog.facility.code')
  const severity = field(event, 'log.syslog.severity.code')
  const both = typeof facility === 'number' && typeof severity === 'number' ? facility * 8 + severity : -1
  const priority = field(event, 'log.syslog.priority') ?? both
  return Number.isInteger(priority) && Number(priority) >= 0 && Number(priority) <= 191 ? `<${priority}>` : ''
}

function timeOf(event: unknown): number {
  const received = fieldOf(event, 'received')
  if (typeof received === 'number') return received * 1000
  for (const name of ['@timestamp', 'event.created', 'timestamp']) {
    const value = field(event, name)
    const time = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(zoned(value)) : Number.NaN
    if (Math.abs(time) < 8.64e15) return time
  }
  return Number.NaN
}

/** Elasticsearch reads a time without zone as UTC, `Date.parse` as local. */
function zoned(text: string): string {
  return /T[\d:.]+$/.test(text) ? `${text}Z` : text
}

/** Header words contain no blanks and no control characters: what has them would not be read back. */
function word(event: unknown, names: readonly string[]): string | null {
  for (const name of names) {
    const value = field(event, name)
    const found = typeof value === 'number' ? String(value) : value
    if (typeof found !== 'string' || found === '') continue
    if (/^[^\s\p{Cc}]+$/u.test(found) && found.length <= MAX_HEADER_WORD) return found
  }
  return null
}

function text(event: unknown, name: string): string | null {
  const value = field(event, name)
  return typeof value === 'string' ? value : null
}

/** A field by its dotted name, nested or written with dots. */
function field(document: unknown, name: string): unknown {
  const whole = fieldOf(document, name)
  if (whole !== undefined) return whole
  const dot = name.indexOf('.')
  return dot === -1 ? undefined : field(fieldOf(document, name.slice(0, dot)), name.slice(dot + 1))
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Reflect.get(value, name)
}

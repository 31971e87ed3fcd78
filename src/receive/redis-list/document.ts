import { isUtf8 } from 'node:buffer'

/** An element of a list as the document of an event. */
export interface ListedDocument {
  /** One line of JSON. */
  bytes: Buffer
  /** Its own time, ms since the epoch; NaN when it states none. */
  time: number
  /** '' when it names none. */
  host: string
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const MOST_NAME = 255
const HOSTS = ['hostname', 'logsource', '@source_host', 'host']

/**
 * What others wrote as an event stays as it is, byte for byte; only line feeds between its tokens become blanks, and
 * without `@timestamp` it gets the time of reception. An element that is no JSON object becomes an event with its text
 * and the tag that Logstash gives to such: `_jsonparsefailure`.
 */
export function documentOf(element: Buffer, receivedAt: number): ListedDocument {
  const valid = isUtf8(element) ? element : Buffer.from(element.toString('utf8'))
  const value = parse(valid)
  if (value === undefined) return unreadable(valid, receivedAt)
  const bytes = onOneLine(valid.subarray(valid.indexOf('{')))
  const stamp = value['@timestamp']
  const host = hostOf(value)
  if (stamp !== undefined) return { bytes, time: timeOf(stamp), host }
  const comma = Object.keys(value).length === 0 ? '' : ','
  const added = Buffer.from(`{"@timestamp":"${new Date(receivedAt).toISOString()}"${comma}`)
  return { bytes: Buffer.concat([added, bytes.subarray(1)]), time: receivedAt, host }
}

function parse(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(bytes: Buffer, receivedAt: number): ListedDocument {
  const text = JSON.stringify(bytes.toString('utf8').replaceAll('\0', '\\0'))
  const time = new Date(receivedAt).toISOString()
  const document = `{"@timestamp":"${time}","message":${text},"tags":["_jsonparsefailure"]}`
  return { bytes: Buffer.from(document), time: receivedAt, host: '' }
}

/** In valid JSON a line end can only stand between tokens. */
function onOneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(LINE_FEED) && !bytes.includes(CARRIAGE_RETURN)) return bytes
  return Buffer.from(bytes.map((byte) => (byte === LINE_FEED || byte === CARRIAGE_RETURN ? 0x20 : byte)))
}

/** Without a zone it is UTC, as Elasticsearch reads it. */
function timeOf(stamp: unknown): number {
  if (typeof stamp === 'number') return Math.abs(stamp) <= 8.64e15 ? stamp : Number.NaN
  if (typeof stamp !== 'string') return Number.NaN
  return Date.parse(/T[\d:.,]+$/.test(stamp) ? `${stamp}Z` : stamp)
}

/** `host.name` as Filebeat and Logstash with ECS write it; `host` and others as a plain name. */
function hostOf(event: Record<string, unknown>): string {
  const { host } = event
  const nested = isObject(host) ? (host.name ?? host.hostname) : undefined
  const found = [nested, ...HOSTS.map((name) => event[name])].find((name) => typeof name === 'string' && name !== '')
  return typeof found === 'string' ? found.slice(0, MOST_NAME) : ''
}

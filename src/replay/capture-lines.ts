import { UserError } from '../errors.ts'
import { CAPTURE_START, CAPTURE_VERSION } from '../receive/capture.ts'
import { Datagrams } from './datagrams.ts'
import { excerpt, type Lines } from './lines.ts'

/**
 * Decodes the lines of a capture (src/receive/capture.ts describes them). A line that a crash cut off (the last one, or the last before a new header) is counted in
 * `cut`; any other broken line is a UserError with its number.
 */
export class CaptureDecoder {
  cut = 0
  readonly #name: string
  #broken: string | null = null

  constructor(name: string) {
    this.#name = name
  }

  decode({ lines, first }: Lines): Datagrams {
    const items: Buffer[] = []
    const times: number[] = []
    const senders: string[] = []
    for (let i = 0; i < lines.count; i++) {
      const text = lines.bytes.toString('utf8', lines.starts[i], lines.ends[i])
      if (text === '') continue
      if (text.startsWith(CAPTURE_START)) {
        this.#checkVersion(text, first + i)
        this.end()
        continue
      }
      if (this.#broken !== null) throw new UserError(this.#broken)
      const record = parseRecord(text)
      if (record === null) this.#broken = `${this.#name}:${first + i}: not a capture line: ${excerpt(text)}`
      else {
        items.push(record.bytes)
        times.push(record.time)
        senders.push(record.from)
      }
    }
    return Datagrams.of(items, times, senders)
  }

  /** To be called after the last line. */
  end(): void {
    if (this.#broken !== null) this.cut++
    this.#broken = null
  }

  #checkVersion(text: string, number: number): void {
    const version = property(parseJson(text), 'version')
    if (version === CAPTURE_VERSION) return
    throw new UserError(
      `${this.#name}:${number}: capture format ${version}; this sluice reads format ${CAPTURE_VERSION}`,
    )
  }
}

function parseRecord(line: string): { bytes: Buffer; time: number; from: string } | null {
  const value = parseJson(line)
  const time = property(value, 't')
  const text = property(value, 'text')
  const address = property(value, 'from')
  const from = typeof address === 'string' ? address : '127.0.0.1'
  if (typeof time !== 'number') return null
  if (typeof text === 'string') return { bytes: Buffer.from(text), time, from }
  const hex = property(value, 'hex')
  if (typeof hex !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(hex)) return null
  return { bytes: Buffer.from(hex, 'hex'), time, from }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

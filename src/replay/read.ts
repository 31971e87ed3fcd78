import { UserError } from '../errors.ts'
import { CaptureDecoder } from './capture-lines.ts'
import { Datagrams } from './datagrams.ts'
import { eventLine } from './event-line.ts'
import { detectFormat, type Format } from './format.ts'
import type { Input } from './input.ts'
import { readDocuments } from './json.ts'
import { cutLines, excerpt, type Lines } from './lines.ts'

export interface ReadOptions {
  /** Absent: told by the content. */
  format?: Format
  /** For lines and events without PRI; null: they stay without. Recorded datagrams are never changed. */
  pri: number | null
  /** The time that a line states, ms since the epoch or NaN; absent: nobody asks for times. */
  stamp?: (bytes: Buffer, start: number, end: number) => number
  /** Counts what can't be sent: events without text, cut capture lines. */
  skipped(count: number, what: string): void
}

/** The datagrams of an opened input, in order. Blank lines are none. */
export async function* readDatagrams(input: Input, options: ReadOptions): AsyncGenerator<Datagrams, void, undefined> {
  const format = options.format ?? detectFormat(input.head)
  if (format === 'json') yield* fromDocuments(input, options)
  else if (format === 'capture') yield* fromCapture(input, options)
  else {
    for await (const lines of cutLines(input.chunks, input.name)) {
      yield format === 'hex' ? fromHex(lines, input.name) : fromLines(lines, options)
    }
  }
}

function fromLines({ lines }: Lines, { pri, stamp }: ReadOptions): Datagrams {
  const { bytes, starts, ends } = lines
  if (pri !== null) return fromBareLines(lines, pri, stamp)
  const datagrams = new Datagrams(bytes)
  for (let i = 0; i < lines.count; i++) {
    if (ends[i] > starts[i]) datagrams.add(starts[i], ends[i], stamp?.(bytes, starts[i], ends[i]))
  }
  return datagrams
}

function fromBareLines(lines: Datagrams, pri: number, stamp: ReadOptions['stamp']): Datagrams {
  const items: Buffer[] = []
  const times: number[] = []
  const prefix = Buffer.from(`<${pri}>`)
  for (let i = 0; i < lines.count; i++) {
    const line = lines.at(i)
    if (line.length === 0) continue
    items.push(hasPri(line) ? line : Buffer.concat([prefix, line]))
    times.push(stamp?.(line, 0, line.length) ?? Number.NaN)
  }
  return Datagrams.of(items, times)
}

/** `<`, one to three digits, `>`. */
function hasPri(line: Buffer): boolean {
  return line[0] === 0x3c && /^<\d{1,3}>/.test(line.toString('latin1', 0, 5))
}

function fromHex({ lines, first }: Lines, name: string): Datagrams {
  const items: Buffer[] = []
  for (let i = 0; i < lines.count; i++) {
    const text = lines.at(i).toString('latin1').trim()
    if (text === '') continue
    if (!/^(?:[0-9a-f]{2})+$/i.test(text)) {
      throw new UserError(`${name}:${first + i}: not pairs of hex digits: ${excerpt(text)}`)
    }
    items.push(Buffer.from(text, 'hex'))
  }
  return Datagrams.of(items)
}

async function* fromCapture(input: Input, options: ReadOptions): AsyncGenerator<Datagrams, void, undefined> {
  const decoder = new CaptureDecoder(input.name)
  for await (const lines of cutLines(input.chunks, input.name)) yield decoder.decode(lines)
  decoder.end()
  if (decoder.cut > 0) options.skipped(decoder.cut, 'capture lines cut off by a crash')
}

async function* fromDocuments(input: Input, options: ReadOptions): AsyncGenerator<Datagrams, void, undefined> {
  const prefix = options.pri === null ? '' : `<${options.pri}>`
  for await (const { documents, strays } of readDocuments(input.chunks, input.path)) {
    const items: (string | Buffer)[] = []
    const times: number[] = []
    for (const document of documents) {
      const found = eventLine(document)
      if (found === null) continue
      const { line, time } = found
      items.push(typeof line !== 'string' || /^<\d{1,3}>/.test(line) ? line : prefix + line)
      times.push(time)
    }
    const textless = documents.length - items.length + strays
    if (textless > 0) options.skipped(textless, 'JSON values without text')
    if (items.length > 0) yield Datagrams.of(items, times)
  }
}

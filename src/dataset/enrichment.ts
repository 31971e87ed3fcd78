import type { Memory } from '../event/memory.ts'
import { copyWords, type Piece } from '../event/piece.ts'
import { Captures } from '../grok/captures.ts'
import { Text } from '../grok/text.ts'
import type { DynamicFields } from '../route/decision.ts'
import { type Zone, zoneOf } from '../syslog/zone.ts'

/** Members of the event that datasets add to, each written where it belongs in one pass; `rest`: the event's own. */
export const GROUPS = ['event', 'host', 'process', 'log', 'rest'] as const

export const EVENT = 0
export const HOST = 1
export const PROCESS = 2
export const LOG = 3
export const REST = 4

/** Which of the header's own members the dataset writes itself, so that they are not there twice. */
export const HAS_PROCESS_NAME = 1
export const HAS_PROCESS_PID = 2

const UTC = zoneOf('UTC')

/** Bytes that a copy may write beyond its end, eight at a time (see event/piece.ts). */
const BEYOND = 8

/**
 * What a dataset made of one line's text, ready to be joined into the event: JSON members, each with a comma in front
 * (`,"ip":"192.0.2.7","port":514`), in one piece of memory. Filled again for each line.
 */
export class Enrichment {
  /** `event.dataset`, such as `haproxy.http`: of the pattern that matched, or of the dataset that was tried. */
  dataset = ''
  /** The level that the text states, a name of SEVERITIES; it outranks the PRI's. Null: it states none. */
  level: string | null = null
  /** The time that the text states, ms since the epoch; NaN: none. */
  time = Number.NaN
  /** No pattern fits, and the dataset expects one. */
  failed = false
  /** Set of HAS_…. */
  has = 0
  /** What the line gave, and what will write it. */
  header = new Captures()
  body = new Captures()
  readonly text = new Text()
  receivedAt = 0
  zone: Zone = UTC
  /** Nothing that JSON escapes is in what was captured, and in the line's message. */
  isPlain = false
  messageIsPlain = false
  #writer: EnrichmentWriter | null = null
  bytes: Buffer = Buffer.allocUnsafeSlow(2 << 10)
  view = new DataView(this.bytes.buffer)
  used = 0
  /** Ends of the groups in `bytes`, by index of GROUPS; each begins where the one before ends. */
  readonly ends = new Int32Array(GROUPS.length)

  /**
   * Keeps what `write` takes: writing costs less when it is done for several lines in turn. The captures are taken in
   * exchange for those of an earlier line.
   */
  note(writer: EnrichmentWriter, matches: Matches, { receivedAt, zone }: EnrichInput): void {
    this.#writer = writer
    const { header, body, text, isPlain } = matches
    matches.header = this.header
    matches.body = this.body
    this.header = header
    this.body = body
    this.isPlain = isPlain
    if (text.isBrief) this.text.ofString(text.string)
    else this.text.sameAs(text)
    this.receivedAt = receivedAt
    this.zone = zone
  }

  write(): void {
    this.#writer?.write(this)
  }

  reset(): this {
    this.dataset = ''
    this.level = null
    this.time = Number.NaN
    this.failed = false
    this.has = 0
    this.used = 0
    for (let group = 0; group < GROUPS.length; group++) this.ends[group] = 0
    return this
  }

  /** Makes room for so many bytes, and for what copying goes beyond them. */
  ensure(more: number): void {
    if (this.used + more + BEYOND > this.bytes.length) this.#grow(more)
  }

  #grow(more: number): void {
    const longer = Buffer.allocUnsafeSlow((this.used + more + BEYOND) * 2)
    this.bytes.copy(longer, 0, 0, this.used)
    this.bytes = longer
    this.view = new DataView(longer.buffer)
  }

  put(piece: Piece): void {
    this.ensure(piece.length)
    this.used = piece.put(this.view, this.used)
  }

  /** Adds one byte. */
  add(byte: number): void {
    this.ensure(1)
    this.bytes[this.used++] = byte
  }

  /** Copies a group's members to `out[at]`, which must have room for seven bytes more; returns the offset after them. */
  copy(group: number, out: DataView, at: number): number {
    const { ends, view } = this
    const to = ends[group]
    const from = group === 0 ? 0 : ends[group - 1]
    const length = to - from
    copyWords(out, at, view, from, length)
    return at + length
  }
}

/** What a line's text gave: the header's captures and the pattern's, and the text itself. */
export interface Matches {
  header: Captures
  body: Captures
  text: Text
  /** Nothing that JSON escapes is in any of them. */
  isPlain: boolean
}

/** Matches of one line after the other. */
export class LineMatches implements Matches {
  header = new Captures()
  body = new Captures()
  text = new Text()
  isPlain = false

  /** Begins with a text of which nothing is captured yet. */
  begin(text: Text): void {
    this.header.groups = 0
    this.body.groups = 0
    this.text = text
    this.isPlain = text.isPlain
  }
}

/** Writes the members that lines of one kind have, from what was noted. */
export interface EnrichmentWriter {
  write(out: Enrichment): void
}

/** What the enricher may ask of a line. Texts are made only when they are asked for. */
export interface EnrichInput extends DynamicFields {
  /** Where the message lies. */
  memory: Memory
  header: { messageStart: number; lineEnd: number }
  /** Empty: none. */
  pid(): string
  /** True when the pid has nothing but digits, or there is none. */
  hasPlainPid(): boolean
  /** ms since the epoch: reception, for times in the text that state no year. */
  receivedAt: number
  /** For times in the text that state no zone. */
  zone: Zone
}

/** How messages go on over several lines. */
export interface Multiline {
  /** A message that it fits goes on with the one before. */
  continues: RegExp
  /** ms after the line before. */
  within: number
  /** Lines joined into one event at most. */
  max: number
}

/** The datasets that lines of one source may belong to; remembered by the lane. */
export interface Enricher {
  readonly multiline: Multiline | null
  /** Notes what a dataset makes of the line, which `out.write` then writes; false: none concerns it. */
  enrich(input: EnrichInput, out: Enrichment): boolean
}

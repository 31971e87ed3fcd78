import type { DynamicFields } from '../route/decision.ts'
import type { Zone } from '../syslog/zone.ts'

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
  bytes: Buffer = Buffer.allocUnsafeSlow(2 << 10)
  used = 0
  /** Ends of the groups in `bytes`, by index of GROUPS; each begins where the one before ends. */
  readonly ends = new Int32Array(GROUPS.length)

  reset(): this {
    this.dataset = ''
    this.level = null
    this.time = Number.NaN
    this.failed = false
    this.has = 0
    this.used = 0
    this.ends.fill(0)
    return this
  }

  /** Makes room for so many bytes. */
  ensure(more: number): void {
    if (this.used + more <= this.bytes.length) return
    const longer = Buffer.allocUnsafeSlow((this.used + more) * 2)
    this.bytes.copy(longer, 0, 0, this.used)
    this.bytes = longer
  }

  /** Copies a group's members to `out[at]`; returns the offset after them. */
  copy(group: number, out: Uint8Array, at: number): number {
    const { bytes, ends } = this
    const to = ends[group]
    let from = group === 0 ? 0 : ends[group - 1]
    if (to - from > 48) {
      bytes.copy(out, at, from, to)
      return at + to - from
    }
    while (from < to) out[at++] = bytes[from++]
    return at
  }
}

/** What the enricher may ask of a line. Texts are made only when they are asked for. */
export interface EnrichInput extends DynamicFields {
  /** Empty: none. */
  pid(): string
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
  /** Writes what a dataset makes of the line; false, and nothing written: none concerns it. */
  enrich(input: EnrichInput, out: Enrichment): boolean
}

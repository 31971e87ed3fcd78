import { FLAG_NAMES } from '../syslog/header.ts'

/**
 * The counters of one stream, in the order in which its durable file holds them. The lane adds to `values` and writes
 * them all at once with each receive call, so that they survive a kill.
 *
 * received = refused + joined + dropped:… + skipped:OUTPUT + shed:OUTPUT + appended to OUTPUT + lost(crash), for each output;
 * without outputs: received = refused + joined + dropped:… + archived_only + lost(crash)
 */
export class LaneCounters {
  readonly names: readonly string[]
  readonly values: Float64Array
  /**
   * Index of the first of each group. `skipped:OUTPUT`: events that a route keeps from that output. `shed:OUTPUT`:
   * discarded since the buffer was nearly full, which is a loss with the reason `overload`.
   */
  readonly skipped: number
  readonly shed: number
  readonly dropped: number
  readonly flags: number

  constructor(outputs: readonly string[], dropRules: readonly string[]) {
    this.skipped = FIXED.length
    this.shed = this.skipped + outputs.length
    this.dropped = this.shed + outputs.length
    this.flags = this.dropped + dropRules.length
    this.names = [
      ...FIXED,
      ...outputs.map((name) => `skipped:${name}`),
      ...outputs.map((name) => `shed:${name}`),
      ...dropRules.map((name) => `dropped:${name}`),
      ...FLAG_NAMES.map((name) => `flag:${name}`),
    ]
    this.values = new Float64Array(this.names.length)
  }
}

export const RECEIVED = 0
/** Bytes of the datagrams or frames, framing excluded. */
export const BYTES = 1
/** From senders that the input does not allow. */
export const REFUSED = 2
/** Events that no output gets: the archive is all. */
export const ARCHIVED_ONLY = 3
/** What the kernel dropped before it could be received; not part of the sum, since it was never received. */
export const KERNEL_DROPS = 4
/** Lines written for the archive. A line that several routes archive counts once for each. */
export const ARCHIVE_LINES = 5

/** Lines that became part of the event of a line before. */
export const JOINED = 6

const FIXED = ['received', 'bytes', 'refused', 'archived_only', 'kernel_drops', 'archive_lines', 'joined'] as const

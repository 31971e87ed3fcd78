/** Events of one stream for one output, in the form that `_bulk` takes: action line, document line, ... */
export interface Batch {
  /** 16 hex digits: 64 random bits per lane and start, or per tailed file. */
  stream: string
  /** Consecutive per stream and output, from 1. A number missing between two that arrived is a loss with a place. */
  number: number
  /** 0 for the batch as its lane closed it; n for what the n-th partial settlement left to be tried again. */
  part: number
  output: string
  /** Events in `body`. */
  count: number
  body: Uint8Array
  /** What the events are, for the ledger; the events add up to `count`. */
  tally: Tally
  /** Reception of the first and of the last event, ms since the epoch. */
  received: { from: number; to: number }
  /** tail, journal: reading positions that become durable together with the batch, by file or cursor name. */
  positions?: Record<string, unknown>
}

export type Tally = [route: string, host: string, events: number][]

/** `lost`: given up, and the reason is the ledger's word for it. Outputs say `dead`; there may be no room to keep it. */
export type Verdict = 'retry' | 'dead' | 'blocked' | 'lost'

/** What became of the events of one delivered batch: done + duplicate + exceptions.length = batch.count. */
export interface Outcome {
  done: number
  duplicate: number
  exceptions: [index: number, verdict: Verdict, reason: string][]
}

/** A batch taken from a buffer and not yet settled. */
export interface Lease {
  batch: Batch
  /** Keeps the lease from running out during a long delivery. */
  renew(): Promise<void>
  /**
   * Writes the outcome into the ledger and takes the batch out of the buffer, in one step that holds after a crash.
   * `rest` (same stream, number and output; part + 1) takes its place: what has to be tried again.
   * 'gone': somebody else settled it, or the lease ran out; the ledger counts the first outcome only.
   */
  settle(outcome: Outcome, rest?: Batch): Promise<'settled' | 'gone'>
  /**
   * Gives the batch back; it comes again, at once or not before `after` ms: later ones go first meanwhile. From a Redis
   * it comes after a lease's time at the latest; after a restart it may come at once.
   */
  release(after?: number): Promise<void>
}

export interface Depth {
  batches: number
  events: number
  bytes: number
  /** Reception of the oldest event waiting, ms since the epoch. */
  oldest?: number
}

/** Where batches wait: memory, disk, Redis. One conformance suite for all (conformance.ts). */
export interface BatchBuffer {
  /** Resolved = safe at this buffer's level of durability. Rejects with BufferFull when the budget is used up. */
  append(batch: Batch): Promise<void>
  /** Waits for batches until `signal` aborts; what a crash left unsettled comes again. */
  leases(output: string, signal: AbortSignal): AsyncIterable<Lease>
  depth(output?: string): Promise<Depth>
  close(): Promise<void>
}

/** The buffer's budget ('size') or the disk ('disk') is used up: the batch was not taken. A later try may succeed. */
export class BufferFull extends Error {
  override name = 'BufferFull'
  readonly reason: 'size' | 'disk'
  constructor(message: string, reason: 'size' | 'disk' = 'size', options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/**
 * The buffer can't be reached or takes nothing at the moment, for the reason given. `unanswered`: the command was sent,
 * and a stopped server may still run it: the batch may be there, and its ids make it one.
 */
export class BufferDown extends Error {
  override name = 'BufferDown'
  readonly unanswered: boolean
  constructor(message: string, unanswered = false) {
    super(message)
    this.unanswered = unanswered
  }
}

import type { Mark, Marks } from '../ledger/marks.ts'
import type { Batch, Depth, Lease, Outcome, Tally } from './buffer.ts'
import { type Entry, type Held, Pending } from './pending.ts'
import { lostMark, markOf } from './settlement.ts'
import { TallyTable } from './tally-table.ts'

/** Where the bodies of a queue lie: in memory, in segments. */
export interface Shelf<E extends Entry> {
  /** The batch of an entry; undefined when it can't be read for good: it is counted as lost('damaged'). */
  load(entry: E, tally: Tally): Promise<Batch | undefined>
  /** Keeps what is left of a batch, safely, together with the `mark` that replaces the batch by it. */
  keepRest(rest: Batch, mark: Mark, order: number, tally: number[]): Promise<E>
  /** The entry is settled, and its mark written. */
  drop(entry: E): void
}

export type MarkStore = Pick<Marks, 'has' | 'record'>

/** What waits of one stream for one output. */
export interface Buffered {
  output: string
  stream: string
  batches: number
  /** Events. */
  count: number
  tally: Tally
}

/** The batches of one output: who waits, who holds what, and settling, the same for every place that bodies lie in. */
export class OutputQueue<E extends Entry> {
  readonly output: string
  readonly pending: Pending<E>
  readonly tallies = new TallyTable()
  readonly #shelf: Shelf<E>
  readonly #marks: MarkStore
  /** Entries that the marks count already, while their record is being written: in no two sums at once. */
  readonly #marked = new Set<E>()

  constructor(output: string, shelf: Shelf<E>, marks: MarkStore, leaseMs: number) {
    this.output = output
    this.pending = new Pending(leaseMs)
    this.#shelf = shelf
    this.#marks = marks
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease, void, undefined> {
    for (;;) {
      const held = await this.pending.next(signal)
      if (!held) return
      let batch: Batch | undefined
      try {
        batch = await this.#shelf.load(held.entry, this.tallies.unpack(held.entry.tally))
      } catch (error) {
        this.pending.release(held)
        throw error
      }
      if (!batch) {
        if (this.pending.begin(held)) await this.#lose(held, 'damaged')
      } else if (signal.aborted) {
        this.pending.release(held)
      } else {
        yield this.#lease(held, batch)
      }
    }
  }

  /** Gives up what was received before `time` (ms since the epoch) and is not being delivered; returns the events. */
  async expire(time: number): Promise<number> {
    const over = this.pending.takeWhile((entry) => entry.received.to < time)
    for (const held of over) await this.#lose(held, 'expired')
    return over.reduce((sum, { entry }) => sum + entry.count, 0)
  }

  /** Ends an entry that nobody delivers, for that reason; false when it is gone, or somebody does. */
  async giveUp(entry: E, reason: string): Promise<boolean> {
    const held = this.pending.hold(entry)
    if (!held) return false
    await this.#lose(held, reason)
    return true
  }

  depth(): Depth {
    const { size, bytes, oldest } = this.pending
    let { events } = this.pending
    for (const { count } of this.#marked) events -= count
    return { batches: size, events, bytes, ...(oldest && { oldest: oldest.received.from }) }
  }

  /** Goes through all that waits: for a status page, not for the way of a batch. */
  buffered(): Buffered[] {
    const streams = new Map<string, { batches: number; count: number; tally: Map<number, number> }>()
    for (const entry of this.pending.values()) {
      if (this.#marked.has(entry)) continue
      const { stream, count, tally } = entry
      let row = streams.get(stream)
      if (!row) {
        row = { batches: 0, count: 0, tally: new Map() }
        streams.set(stream, row)
      }
      row.batches++
      row.count += count
      for (let at = 0; at < tally.length; at += 2) {
        const id = tally[at] ?? 0
        row.tally.set(id, (row.tally.get(id) ?? 0) + (tally[at + 1] ?? 0))
      }
    }
    return [...streams].map(([stream, { batches, count, tally }]) => {
      return { output: this.output, stream, batches, count, tally: this.tallies.unpack([...tally].flat()) }
    })
  }

  #lease(held: Held<E>, batch: Batch): Lease {
    return {
      batch,
      renew: async () => this.pending.renew(held),
      release: async (after) => this.pending.release(held, after),
      settle: (outcome, rest) => this.#settle(held, batch, outcome, rest),
    }
  }

  /**
   * The rest is kept first, in one record with the mark: a crash before that record is whole leaves the batch as it
   * was; a crash after it finds the mark beside the rest. The mark counts once, wherever it is read from.
   */
  async #settle(held: Held<E>, batch: Batch, outcome: Outcome, rest?: Batch): Promise<'settled' | 'gone'> {
    const mark = markOf(batch, outcome, rest)
    if (!this.pending.begin(held)) return 'gone'
    const { entry } = held
    if (this.#marks.has(mark.output, mark.stream, mark.number, mark.part)) {
      this.#finish(held)
      return 'gone'
    }
    let left: E | undefined
    let kept: number[] = []
    try {
      if (rest) {
        kept = this.tallies.add(rest.tally)
        left = await this.#shelf.keepRest(rest, mark, entry.order, kept)
      }
    } catch (error) {
      this.tallies.remove(kept)
      this.pending.cancel(held)
      throw error
    }
    await this.#record(held, mark, left)
    return 'settled'
  }

  async #lose(held: Held<E>, reason: string): Promise<void> {
    const { entry } = held
    const tally = this.tallies.unpack(entry.tally)
    await this.#record(held, lostMark({ ...entry, output: this.output, tally }, reason))
  }

  async #record(held: Held<E>, mark: Mark, rest?: E): Promise<void> {
    this.#marked.add(held.entry)
    try {
      await this.#marks.record(mark)
    } catch (error) {
      // The ledger is being closed on a full disk: the batch comes again after the next start.
      this.pending.cancel(held)
      throw error
    } finally {
      this.#marked.delete(held.entry)
    }
    this.#finish(held, rest)
  }

  #finish(held: Held<E>, rest?: E): void {
    this.pending.finish(held, rest)
    this.tallies.remove(held.entry.tally)
    this.#shelf.drop(held.entry)
  }
}

import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { BufferDown } from '../buffer.ts'
import { type Entry, type Held, Pending } from '../pending.ts'
import { parseKeyLine } from './entry.ts'
import { GROUP, type Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { type RawEntry, StreamReader } from './reader.ts'

export interface ReadAheadOptions {
  link: RedisLink
  keys: Keys
  output: string
  consumer: string
  leaseMs: number
  onHappening?: OnHappening | undefined
}

/** A batch that this consumer has taken, as Redis has it. */
export interface InRedis extends Entry {
  id: string
  key: Buffer
  blob: Buffer
}

/** Entries read ahead of who asks. */
const AHEAD = 4
/** Longer than any lease. */
const GIVEN_BACK_MILLIS = 24 * 3_600_000

/** What one consumer takes of an output: some entries ahead of who asks for them, and their leases. */
export class ReadAhead {
  readonly #options: ReadAheadOptions
  readonly #reader: StreamReader
  readonly #pending: Pending<InRedis>
  /** Ids in #pending: a reader may see an entry again. */
  readonly #known = new Set<string>()
  #order = 0
  #readers = 0
  #fetching: Promise<void> | undefined
  #hungry = Promise.withResolvers<void>()
  #renewAt = 0
  #closed = false

  constructor(options: ReadAheadOptions) {
    const { link, keys, consumer, leaseMs } = options
    this.#options = options
    this.#reader = new StreamReader(link, keys, consumer, leaseMs)
    this.#pending = new Pending(leaseMs)
  }

  /** Entries as they come, until `signal` aborts. */
  async *entries(signal: AbortSignal): AsyncGenerator<Held<InRedis>, void, undefined> {
    this.#readers++
    this.#startFetching()
    try {
      for (;;) {
        const held = await this.#pending.next(signal)
        if (!held) return
        this.#hungry.resolve()
        yield held
      }
    } finally {
      this.#readers--
    }
  }

  /** Takes the right to settle; false when the lease is over. Then `forget` or `replace`, or `cancel` when it failed. */
  begin(held: Held<InRedis>): boolean {
    return this.#pending.begin(held)
  }

  cancel(held: Held<InRedis>): void {
    this.#pending.cancel(held)
  }

  release(held: Held<InRedis>): void {
    this.#pending.release(held)
  }

  /** It is over here. */
  forget(held: Held<InRedis>): void {
    this.#pending.finish(held)
    this.#known.delete(held.entry.id)
  }

  /** What is left of it has its place, and comes again. */
  replace(held: Held<InRedis>, rest: InRedis): void {
    this.#pending.finish(held, rest)
  }

  async renew(held: Held<InRedis>): Promise<void> {
    this.#pending.renew(held)
    await this.#renew([held.entry.id])
  }

  /** Nothing of it is kept here: it is claimed when the lease, shortened to `after` ms, has run out. */
  async putOff(held: Held<InRedis>, after: number): Promise<void> {
    if (!this.#pending.begin(held)) return
    this.forget(held)
    const { leaseMs } = this.#options
    // Without an answer it comes when the whole lease has run out.
    await this.#renew([held.entry.id], Math.max(0, Math.round(leaseMs - after))).catch(() => {})
    this.#reader.claimIn(Math.min(after, leaseMs))
  }

  /** Each second. What was read ahead and not yet asked for must not look abandoned. */
  async renewAhead(): Promise<void> {
    if (Date.now() < this.#renewAt) return
    this.#renewAt = Date.now() + this.#options.leaseMs / 3
    const ids = [...this.#pending.values()].map(({ id }) => id)
    if (this.#readers > 0 && ids.length > 0) await this.#renew(ids)
  }

  /** Before the link is closed: takes nothing more, and lets other shippers have at once what this one has taken. */
  async giveBack(): Promise<void> {
    this.#closed = true
    this.#hungry.resolve()
    this.#reader.close()
    const { link, keys, consumer } = this.#options
    if (!link.well) return
    await link.run((client) => client.sluiceGiveBack(keys.batches, GROUP, consumer, GIVEN_BACK_MILLIS))
  }

  /** After `giveBack`. */
  async close(): Promise<void> {
    this.#pending.stop()
    await this.#fetching
  }

  #startFetching(): void {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
      // One who came after the last look for readers has found it running still.
      if (this.#readers > 0 && !this.#closed) this.#startFetching()
    })
  }

  async #fetch(): Promise<void> {
    const { link, output, onHappening } = this.#options
    while (this.#readers > 0 && !this.#closed) {
      if (!link.well && !(await link.settled(500))) continue
      if (this.#pending.waiting >= AHEAD) {
        this.#hungry = Promise.withResolvers()
        await this.#hungry.promise
        continue
      }
      try {
        for (const raw of await this.#reader.next()) this.#take(raw)
      } catch (error) {
        if (error instanceof BufferDown) continue
        const text = `batches can't be read from ${link.name}: ${messageOf(error)}`
        onHappening?.({ kind: 'buffer_down', text, output })
        await link.settled(500)
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
  }

  #take({ id, key, blob }: RawEntry): void {
    if (this.#known.has(id)) return
    this.#known.add(id)
    // A key line that can't be read has no count: it is set aside, and its number is a gap.
    const { stream, number, part, count, bytes, received } = parseKeyLine(key.toString('latin1')) ?? UNREADABLE
    const order = ++this.#order
    this.#pending.add({ order, stream, number, part, count, bytes, received, tally: [], id, key, blob })
  }

  async #renew(ids: string[], over = 0): Promise<void> {
    const { link, keys, consumer } = this.#options
    await link.run((client) => client.sluiceRenew(keys.batches, GROUP, consumer, over, ...ids))
  }
}

const UNREADABLE = { stream: '', number: 0, part: 0, count: 0, bytes: 0, received: { from: 0, to: 0 } }

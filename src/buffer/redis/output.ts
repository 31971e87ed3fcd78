import type { Redis } from 'ioredis'
import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Mark } from '../../ledger/mark-set.ts'
import { type Batch, BufferDown, BufferFull, type Depth, type Lease, type Outcome } from '../buffer.ts'
import { type Entry, type Held, Pending } from '../pending.ts'
import { markOf } from '../settlement.ts'
import { decodeBlob, encodeBlob, keyLine, parseKeyLine } from './entry.ts'
import { GROUP, type Keys, keysOf, OUTPUTS, REMEMBERED } from './keys.ts'
import type { RedisLink } from './link.ts'
import { MarksInbox, type ShipperMarks } from './marks-inbox.ts'
import { type RawEntry, StreamReader } from './reader.ts'
import { markField, setAside } from './set-aside.ts'

export interface RedisOutputOptions {
  link: RedisLink
  output: string
  /** This shipper's name, the same over restarts and no one else's: its unsettled leases come to it first. */
  consumer: string
  marks: ShipperMarks
  /** Bytes in Redis, per output. Full at this; takes batches again below nine tenths of it. */
  size: number
  /** ms; full as well while the oldest batch has waited longer. */
  age: number
  leaseMs: number
  /** There are copies elsewhere: what is damaged here is not lost yet. */
  mirrored: boolean
  onHappening?: OnHappening | undefined
}

interface InRedis extends Entry {
  id: string
  key: Buffer
  blob: Buffer
}

export interface RedisLease extends Lease {
  /** The batch was settled without this Redis: should it still hold it, it comes again from there, and is "gone". */
  forget(): void
}

/** Entries read ahead of who asks. */
const AHEAD = 4
const LOW_WATER = 0.9
/** Longer than any lease. */
const GIVEN_BACK_MILLIS = 24 * 3_600_000

/** One output's batches in one Redis: appending, and the leases of this consumer. */
export class RedisOutput {
  readonly keys: Keys
  readonly #options: RedisOutputOptions
  readonly #reader: StreamReader
  readonly #pending: Pending<InRedis>
  readonly #inbox: MarksInbox
  /** Ids in #pending: a reader may see an entry again. */
  readonly #known = new Set<string>()
  #order = 0
  #readers = 0
  #fetching: Promise<void> | undefined
  #hungry = Promise.withResolvers<void>()
  #renewAt = 0
  #announced = false
  #tooOld = false
  #closed = false

  constructor(options: RedisOutputOptions) {
    const { link, output, consumer, leaseMs, marks } = options
    this.#options = options
    this.keys = keysOf(output)
    this.#reader = new StreamReader(link, this.keys, consumer, leaseMs)
    this.#pending = new Pending(leaseMs)
    this.#inbox = new MarksInbox(link, this.keys.marks(consumer), marks)
    link.onWell(() => {
      this.#announced = false
    })
  }

  /** Resolves with the entry's id once Redis has the batch, as the `blob` that was made of it. */
  async append(batch: Batch, blob: Buffer): Promise<string> {
    const { link, output, size } = this.#options
    if (this.#tooOld) throw new BufferFull(`${link.name}: the oldest batch for ${output} waits too long`)
    const { batches, counts, appended } = this.keys
    return link.run((client) => {
      this.announce(client)
      return client.sluiceAppend(
        ...[batches, counts, appended(batch.stream)],
        ...[keyLine(batch), blob, batch.count, batch.body.byteLength],
        ...[size, Math.floor(size * LOW_WATER), batch.number, REMEMBERED],
        batch.positions ? JSON.stringify(batch.positions) : '',
      )
    })
  }

  /** Lets everyone know that there is something of this output here: batches, or copies. */
  announce(client: Redis): void {
    if (this.#announced) return
    this.#announced = true
    client.sadd(OUTPUTS, this.#options.output).catch(() => {
      this.#announced = false
    })
  }

  async *leases(signal: AbortSignal): AsyncGenerator<RedisLease, void, undefined> {
    this.#readers++
    this.#startFetching()
    try {
      for (;;) {
        const held = await this.#pending.next(signal)
        if (!held) return
        this.#hungry.resolve()
        const key = parseKeyLine(held.entry.key.toString('latin1'))
        const batch = key && decodeBlob(held.entry.blob, key, this.#options.output)
        if (!batch) await this.#setAside(held)
        else if (signal.aborted) this.#pending.release(held)
        else yield this.#lease(held, batch)
      }
    } finally {
      this.#readers--
    }
  }

  async depth(): Promise<Depth> {
    const { link } = this.#options
    const { batches, counts, rests } = this.keys
    const [n, events, bytes, , line] = await link.run((client) => client.sluiceState(batches, counts, rests))
    const oldest = parseKeyLine(line)?.received.from
    return { batches: n, events, bytes, ...(oldest !== undefined && { oldest }) }
  }

  /** Once a second, while the link is well. */
  async tick(): Promise<void> {
    const { age } = this.#options
    await this.#inbox.collect()
    await this.#renewAhead()
    const { oldest } = await this.depth()
    const waits = oldest === undefined ? 0 : Date.now() - oldest
    this.#tooOld = waits > (this.#tooOld ? age * LOW_WATER : age)
  }

  /** A mark was left for this consumer by another step than a lease's. */
  markLeft(): void {
    this.#inbox.left()
  }

  /** Before the link is closed: takes nothing more, and lets other shippers have at once what this one has taken. */
  async giveBack(): Promise<void> {
    this.#closed = true
    this.#hungry.resolve()
    this.#reader.close()
    const { link, consumer } = this.#options
    if (!link.well) return
    await link.run((client) => client.sluiceGiveBack(this.keys.batches, GROUP, consumer, GIVEN_BACK_MILLIS))
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
    const { link } = this.#options
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
        this.#options.onHappening?.({ kind: 'buffer_down', text, output: this.#options.output })
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

  #lease(held: Held<InRedis>, batch: Batch): RedisLease {
    return {
      batch,
      renew: async () => {
        this.#pending.renew(held)
        await this.#renew([held.entry.id])
      },
      release: async (after = 0) => {
        if (after <= 0) this.#pending.release(held)
        else if (this.#pending.begin(held)) await this.#putOff(held, after)
      },
      settle: (outcome, rest) => this.#settle(held, batch, outcome, rest),
      forget: () => {
        if (this.#pending.begin(held)) this.#forget(held)
      },
    }
  }

  /** Nothing of it is kept here: it is claimed when the lease, shortened to `after`, has run out. */
  async #putOff(held: Held<InRedis>, after: number): Promise<void> {
    this.#forget(held)
    const { leaseMs } = this.#options
    // Without an answer it comes when the whole lease has run out.
    await this.#renew([held.entry.id], Math.max(0, Math.round(leaseMs - after))).catch(() => {})
    this.#reader.claimIn(Math.min(after, leaseMs))
  }

  /** Redis first, with the mark, in one script; then the mark goes into this shipper's own ledger. */
  async #settle(held: Held<InRedis>, batch: Batch, outcome: Outcome, rest?: Batch): Promise<'settled' | 'gone'> {
    const mark = markOf(batch, outcome, rest)
    if (!this.#pending.begin(held)) return 'gone'
    const { link, consumer } = this.#options
    const { batches, counts, rests, settled, open, marks } = this.keys
    const { entry } = held
    const restKey = rest ? keyLine(rest) : ''
    const restBlob = rest ? encodeBlob(rest) : ''
    let result: number
    try {
      result = await link.run((client) =>
        client.sluiceSettle(
          ...[batches, counts, rests, settled(batch.stream), open(batch.stream), marks(consumer)],
          ...[GROUP, consumer, entry.id, batch.number, batch.part, entry.count, entry.bytes, storedBytes(entry)],
          ...[markField(mark), JSON.stringify(mark), restKey, restBlob, rest?.count ?? 0, rest?.body.byteLength ?? 0],
          REMEMBERED,
        ),
      )
    } catch (error) {
      this.#inbox.left()
      this.#pending.cancel(held)
      throw error
    }
    const first = result === 0 ? 'again' : await this.#record(mark)
    if (rest && result === 1) {
      const key = Buffer.from(restKey)
      const { part, count, received } = rest
      this.#pending.finish(held, {
        ...entry,
        ...{ part, count, received, bytes: rest.body.byteLength, key, blob: Buffer.from(restBlob) },
      })
    } else this.#forget(held)
    return first === 'first' ? 'settled' : 'gone'
  }

  async #record(mark: Mark): Promise<'first' | 'again'> {
    this.#inbox.left()
    return this.#options.marks.record(mark)
  }

  async #setAside(held: Held<InRedis>): Promise<void> {
    const { link, output, marks, consumer, mirrored, onHappening } = this.#options
    const { entry } = held
    if (!this.#pending.begin(held)) return
    try {
      const unreadable = { ...entry, storedBytes: storedBytes(entry) }
      const told = await setAside(link, output, unreadable, mirrored ? undefined : consumer)
      if (told) onHappening?.({ kind: 'damaged', text: told.text, output, events: entry.count })
      if (told?.mark) await marks.record(told.mark)
      this.#forget(held)
    } catch (error) {
      this.#pending.cancel(held)
      this.#pending.release(held)
      throw error
    }
  }

  #forget(held: Held<InRedis>): void {
    this.#pending.finish(held)
    this.#known.delete(held.entry.id)
  }

  /** What was read ahead and not yet asked for must not look abandoned. */
  async #renewAhead(): Promise<void> {
    if (Date.now() < this.#renewAt) return
    this.#renewAt = Date.now() + this.#options.leaseMs / 3
    const ids = [...this.#pending.values()].map(({ id }) => id)
    if (this.#readers > 0 && ids.length > 0) await this.#renew(ids)
  }

  async #renew(ids: string[], over = 0): Promise<void> {
    const { link, consumer } = this.#options
    await link.run((client) => client.sluiceRenew(this.keys.batches, GROUP, consumer, over, ...ids))
  }
}

const UNREADABLE = { stream: '', number: 0, part: 0, count: 0, bytes: 0, received: { from: 0, to: 0 } }

/** As the scripts count it. */
const storedBytes = ({ key, blob }: InRedis) => key.byteLength + blob.byteLength + 100

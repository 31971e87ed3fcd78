import type { Redis } from 'ioredis'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Mark } from '../../ledger/mark-set.ts'
import { type Batch, BufferFull, type Depth, type Lease, type Outcome } from '../buffer.ts'
import type { Held } from '../pending.ts'
import { markOf } from '../settlement.ts'
import { decodeBlob, encodeBlob, isNewer, keyLine, parseKeyLine } from './entry.ts'
import { GROUP, type Keys, keysOf, OUTPUTS, REMEMBERED } from './keys.ts'
import type { RedisLink } from './link.ts'
import { MarksInbox, type ShipperMarks } from './marks-inbox.ts'
import { type InRedis, ReadAhead } from './read-ahead.ts'
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

export interface RedisLease extends Lease {
  /** The batch was settled without this Redis: should it still hold it, it comes again from there, and is "gone". */
  forget(): void
}

const LOW_WATER = 0.9

/** One output's batches in one Redis: appending, and the leases of this consumer. */
export class RedisOutput {
  readonly keys: Keys
  readonly #options: RedisOutputOptions
  readonly #taken: ReadAhead
  readonly #inbox: MarksInbox
  #announced = false
  #tooOld = false
  #toldNewer = false

  constructor(options: RedisOutputOptions) {
    const { link, output, consumer, marks } = options
    this.#options = options
    this.keys = keysOf(output)
    this.#taken = new ReadAhead({ ...options, keys: this.keys })
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
    for await (const held of this.#taken.entries(signal)) {
      const { blob, key: line } = held.entry
      const key = parseKeyLine(line.toString('latin1'))
      const batch = key && decodeBlob(blob, key, this.#options.output)
      if (batch && signal.aborted) this.#taken.release(held)
      else if (batch) yield this.#lease(held, batch)
      else if (isNewer(blob)) await this.#leave(held)
      else await this.#setAside(held)
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
    await this.#taken.renewAhead()
    const { oldest } = await this.depth()
    const waits = oldest === undefined ? 0 : Date.now() - oldest
    this.#tooOld = waits > (this.#tooOld ? age * LOW_WATER : age)
  }

  /** A mark was left for this consumer by another step than a lease's. */
  markLeft(): void {
    this.#inbox.left()
  }

  /** Before the link is closed: other shippers may have at once what this one has taken. */
  giveBack(): Promise<void> {
    return this.#taken.giveBack()
  }

  /** After `giveBack`. */
  close(): Promise<void> {
    return this.#taken.close()
  }

  #lease(held: Held<InRedis>, batch: Batch): RedisLease {
    return {
      batch,
      renew: () => this.#taken.renew(held),
      release: async (after = 0) => {
        if (after > 0) await this.#taken.putOff(held, after)
        else this.#taken.release(held)
      },
      settle: (outcome, rest) => this.#settle(held, batch, outcome, rest),
      forget: () => {
        if (this.#taken.begin(held)) this.#taken.forget(held)
      },
    }
  }

  /** Redis first, with the mark, in one script; then the mark goes into this shipper's own ledger. */
  async #settle(held: Held<InRedis>, batch: Batch, outcome: Outcome, rest?: Batch): Promise<'settled' | 'gone'> {
    const mark = markOf(batch, outcome, rest)
    if (!this.#taken.begin(held)) return 'gone'
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
      this.#taken.cancel(held)
      throw error
    }
    const first = result === 0 ? 'again' : await this.#record(mark)
    if (rest && result === 1) {
      const key = Buffer.from(restKey)
      const { part, count, received } = rest
      this.#taken.replace(held, {
        ...entry,
        ...{ part, count, received, bytes: rest.body.byteLength, key, blob: Buffer.from(restBlob) },
      })
    } else this.#taken.forget(held)
    return first === 'first' ? 'settled' : 'gone'
  }

  async #record(mark: Mark): Promise<'first' | 'again'> {
    this.#inbox.left()
    return this.#options.marks.record(mark)
  }

  async #setAside(held: Held<InRedis>): Promise<void> {
    const { link, output, marks, consumer, mirrored, onHappening } = this.#options
    const { entry } = held
    if (!this.#taken.begin(held)) return
    try {
      const unreadable = { ...entry, storedBytes: storedBytes(entry) }
      const told = await setAside(link, output, unreadable, mirrored ? undefined : consumer)
      if (told) onHappening?.({ kind: 'damaged', text: told.text, output, events: entry.count })
      if (told?.mark) await marks.record(told.mark)
      this.#taken.forget(held)
    } catch (error) {
      this.#taken.cancel(held)
      this.#taken.release(held)
      throw error
    }
  }

  /** Whole, but not for this version: it stays for a shipper of that one, who gets it once this lease is over. */
  async #leave(held: Held<InRedis>): Promise<void> {
    const { link, output, leaseMs, onHappening } = this.#options
    if (!this.#toldNewer) {
      this.#toldNewer = true
      const text = `${link.name} holds batches that a newer sluice has written: they wait for a shipper of that version`
      onHappening?.({ kind: 'buffer_advice', text, output })
    }
    await this.#taken.putOff(held, leaseMs)
  }
}

/** As the scripts count it. */
const storedBytes = ({ key, blob }: InRedis) => key.byteLength + blob.byteLength + 100

import type { OnHappening } from '../../ledger/happening.ts'
import type { Marks } from '../../ledger/marks.ts'
import { type Batch, BufferDown, BufferFull, type Depth, type Lease, type Outcome } from '../buffer.ts'
import { Copies } from '../mirror/copies.ts'
import type { RedisLease } from '../redis/output.ts'
import type { RedisBuffer } from '../redis/redis.ts'
import { markOf } from '../settlement.ts'
import type { Candidate } from './choice.ts'
import { Outstanding } from './outstanding.ts'
import { SettledElsewhere } from './settled-elsewhere.ts'

export interface MemberOptions {
  buffer: RedisBuffer
  /** The other Redis of the list. */
  others: readonly RedisBuffer[]
  marks: Marks
  mirror?: MirrorOptions | undefined
  /** Directory: what stands in each Redis is remembered there over restarts. */
  remember?: string | undefined
  /** Puts a rest into any Redis that takes it; false when none does. */
  putRest(rest: Batch): Promise<boolean>
  onHappening?: OnHappening | undefined
}

export interface MirrorOptions {
  consumer: string
  /** Bytes of copies, per output. */
  size: number
  leaseMs: number
}

/** One Redis of several, with what is remembered of it outside of it. */
export class Member implements Candidate {
  readonly name: string
  readonly #options: MemberOptions
  readonly #outstanding: Outstanding
  /** What was settled here, on its way to the others. */
  readonly #settled: SettledElsewhere[]
  /** Mirror: copies of what stands here, in the first of the others. */
  readonly #copies: Copies | undefined
  /** What was settled without this one, on its way to here. */
  readonly #settledWithout: SettledElsewhere
  /** As last seen: a Redis that is away still holds its batches. */
  readonly #depths = new Map<string | undefined, Depth>()

  constructor(options: MemberOptions) {
    const { buffer, others, marks, mirror, remember, onHappening } = options
    this.name = buffer.link.name
    this.#options = options
    this.#outstanding = new Outstanding({ member: buffer, others, marks, dir: remember, onHappening })
    this.#settled = others.map((other) => new SettledElsewhere(other))
    this.#settledWithout = new SettledElsewhere(buffer)
    const [keeper] = others
    if (mirror && keeper) {
      const onSettled = (batch: Batch) => this.#settledWithout.add(batch)
      this.#copies = new Copies({ ...mirror, keeper, original: buffer, marks, onSettled })
    }
  }

  well(): boolean {
    return this.#options.buffer.link.well
  }

  /** Resolves with the number of copies that there are now of the batch, packed as `blob`. Rejects when there is none. */
  async put(batch: Batch, blob: Buffer): Promise<number> {
    const id = await this.#options.buffer.put(batch, blob)
    try {
      if (this.#copies) {
        await this.#copies.put(batch, blob, id)
        return 2
      }
    } catch (error) {
      if (!(error instanceof BufferDown || error instanceof BufferFull)) throw error
    }
    await this.#outstanding.add(id, batch)
    return 1
  }

  /** One source of leases for what stands here, and one for what had to be taken over from its copies. */
  sources(output: string): ((signal: AbortSignal) => AsyncIterable<Lease>)[] {
    const copies = this.#copies
    const own = (signal: AbortSignal) => this.#leases(output, signal)
    return copies ? [own, (signal: AbortSignal) => copies.leases(output, signal)] : [own]
  }

  async depth(output: string | undefined): Promise<Depth> {
    try {
      const depth = await this.#options.buffer.depth(output)
      this.#depths.set(output, depth)
      return depth
    } catch (error) {
      if (!(error instanceof BufferDown)) throw error
      // Those that wait there can be counted by their copies, also while these are taken over.
      const copies = output === undefined ? undefined : await this.#copies?.depth(output).catch(() => undefined)
      return copies ?? this.#depths.get(output) ?? { batches: 0, events: 0, bytes: 0 }
    }
  }

  async close(): Promise<void> {
    await this.#outstanding.close()
  }

  /** Twice a second. Rejects with BufferDown when one of those it speaks to is away. */
  async tick(): Promise<void> {
    for (const settled of this.#settled) await settled.send().catch(unlessDown)
    await this.#settledWithout.send()
    await this.#outstanding.check()
  }

  async *#leases(output: string, signal: AbortSignal): AsyncGenerator<Lease> {
    for await (const lease of this.#options.buffer.leases(output, signal)) {
      yield { ...lease, settle: (outcome, rest) => this.#settle(lease, outcome, rest) }
    }
  }

  async #settle(lease: RedisLease, ...[outcome, rest]: Parameters<Lease['settle']>): Promise<'settled' | 'gone'> {
    const { batch } = lease
    let result: 'settled' | 'gone'
    try {
      result = await lease.settle(outcome, rest)
    } catch (error) {
      if (!(error instanceof BufferDown)) throw error
      result = await this.#settleWithout(batch, outcome, rest)
      lease.forget()
      return result
    }
    // 'gone' may also mean that another shipper has it, and has not yet delivered it.
    if (!this.#options.marks.has(batch.output, batch.stream, batch.number, batch.part)) return result
    this.#outstanding.settled(batch, rest)
    if (!rest) for (const settled of this.#settled) settled.add(batch)
    else if (result === 'settled') await this.#copies?.putRest(rest).catch(unlessDown)
    return result
  }

  /**
   * This Redis went away with the batch in our hands. What is in hand must not keep the others' batches waiting: it is
   * settled by its copy, or in our own ledger alone, and here when this one is back. Rejects with BufferDown when a rest
   * finds no other place.
   */
  async #settleWithout(batch: Batch, outcome: Outcome, rest?: Batch): Promise<'settled' | 'gone'> {
    if (this.#copies) return this.#copies.settle(batch, outcome, rest)
    const mark = markOf(batch, outcome, rest)
    if (rest && !(await this.#options.putRest(rest))) throw new BufferDown(`no Redis takes what is left of a batch`)
    const first = await this.#options.marks.record(mark)
    // A rest stands elsewhere now, with an entry of its own there.
    this.#outstanding.settled(batch, undefined)
    if (!rest) for (const settled of [...this.#settled, this.#settledWithout]) settled.add(batch)
    return first === 'first' ? 'settled' : 'gone'
  }
}

function unlessDown(error: unknown): void {
  if (!(error instanceof BufferDown)) throw error
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Marks } from '../../ledger/marks.ts'
import { type Batch, BufferDown, type Depth, type Lease, type Outcome } from '../buffer.ts'
import { fatesOf } from '../failover/outstanding.ts'
import { decodeBlob, encodeBlob, keyLine, parseKeyLine } from '../redis/entry.ts'
import { type Keys, keysOf, REMEMBERED } from '../redis/keys.ts'
import type { RedisBuffer } from '../redis/redis.ts'
import { markField } from '../redis/set-aside.ts'
import { markOf } from '../settlement.ts'

export interface CopiesOptions {
  /** Where the copies are. */
  keeper: RedisBuffer
  /** Where the originals are. */
  original: RedisBuffer
  marks: Pick<Marks, 'record'>
  consumer: string
  /** Bytes of copies, per output. */
  size: number
  leaseMs: number
  /** The copy of this batch was settled: the original is, too. */
  onSettled(batch: Batch): void
}

const MOST = 8

/**
 * Copies in one Redis of the batches that wait in another. They are nobody's to deliver, and in no sum, until the
 * original's Redis has been silent for longer than a lease, or came back without it.
 */
export class Copies {
  readonly #options: CopiesOptions

  constructor(options: CopiesOptions) {
    this.#options = options
  }

  /** Keeps a copy, packed, of the batch that got `id` where the original is. Rejects with BufferDown or BufferFull. */
  async put(batch: Batch, blob: Buffer, id: string): Promise<void> {
    const { keeper, size, leaseMs } = this.#options
    const { copies, copiesDue, copiesCounts, settled } = keysOf(batch.output)
    await keeper.link.run((client) => {
      keeper.output(batch.output).announce(client)
      return client.sluiceCopy(
        ...[copies, copiesDue, copiesCounts, settled(batch.stream), fieldOf(batch), batch.number],
        ...[`${keyLine(batch)} ${id}`, blob, batch.count, batch.body.byteLength, size, leaseMs],
      )
    })
  }

  /** The original was settled but for this rest. */
  async putRest(rest: Batch): Promise<void> {
    const { copies, copiesCounts } = keysOf(rest.output)
    await this.#options.keeper.link.run(async (client) => {
      const id = originalId((await client.hget(copies, `${fieldOf(rest)}:k`)) ?? '')
      const line = `${keyLine(rest)} ${id}`
      return client.sluiceRestCopy(
        ...[copies, copiesCounts, fieldOf(rest), line, encodeBlob(rest), rest.count, rest.body.byteLength],
      )
    })
  }

  async depth(output: string): Promise<Depth> {
    const { copiesCounts } = keysOf(output)
    const answer = await this.#options.keeper.link.run((client) =>
      client.hmget(copiesCounts, 'batches', 'events', 'bytes'),
    )
    const [batches = 0, events = 0, bytes = 0] = answer.map(Number)
    return { batches, events, bytes }
  }

  /** Copies whose originals can't be had. */
  async *leases(output: string, signal: AbortSignal): AsyncGenerator<Lease, void, undefined> {
    const { leaseMs } = this.#options
    const keys = keysOf(output)
    while (!signal.aborted) {
      let taken: Batch[] = []
      try {
        taken = await this.#takeOver(output, keys)
      } catch (error) {
        if (!(error instanceof BufferDown)) throw error
      }
      for (const batch of taken) {
        // What was claimed and not handed out is due again after a lease.
        if (signal.aborted) return
        yield this.#lease(batch, keys)
      }
      if (taken.length > 0) continue
      await delay(Math.min(1000, Math.max(20, leaseMs / 4)), undefined, { signal }).catch(() => {})
    }
  }

  async #takeOver(output: string, keys: Keys): Promise<Batch[]> {
    const { keeper, original, leaseMs } = this.#options
    const isSilent = !original.link.well && Date.now() - original.link.since > leaseMs
    if (!keeper.link.well || (!original.link.well && !isSilent)) return []
    const due = await keeper.link.run((client) => client.sluiceDueCopies(keys.copiesDue, keys.copies, leaseMs, MOST))
    let wanted = due.flatMap((field, at) => {
      const line = due[at + 1] ?? ''
      const key = at % 2 === 0 ? parseKeyLine(line.slice(0, line.lastIndexOf(' '))) : undefined
      return key ? [{ ...key, field, output, id: originalId(line) }] : []
    })
    if (original.link.well && wanted.length > 0) {
      const fates = await fatesOf(original, wanted)
      const settled = wanted.filter((_, at) => fates[at] === 2)
      for (const { stream, number } of settled) await this.#drop(stream, number, keys)
      wanted = wanted.filter((_, at) => fates[at] === 0)
    }
    const [first, ...others] = wanted.map(({ field }) => field)
    if (first === undefined) return []
    const blobs = await keeper.link.run((client) => client.hmgetBuffer(keys.copies, first, ...others))
    return wanted.flatMap((key, at) => {
      const blob = blobs[at]
      const batch = blob ? decodeBlob(blob, key, output) : undefined
      return batch ? [batch] : []
    })
  }

  async #drop(stream: string, number: number, { settled, copies, copiesDue, copiesCounts }: Keys): Promise<void> {
    await this.#options.keeper.link.run((client) =>
      client.sluiceNoteSettled(settled(stream), copies, copiesDue, copiesCounts, stream, REMEMBERED, number),
    )
  }

  #lease(batch: Batch, keys: Keys): Lease {
    const { keeper, leaseMs } = this.#options
    const dueAt = async (time: number) => {
      await keeper.link.run((client) => client.zadd(keys.copiesDue, 'XX', time, fieldOf(batch)))
    }
    return {
      batch,
      renew: () => dueAt(Date.now() + leaseMs),
      release: (after = 0) => dueAt(after > 0 ? Date.now() + after : 0),
      settle: (outcome, rest) => this.settle(batch, outcome, rest),
    }
  }

  /** As a lease's settle; also for a batch whose original was leased and can't be settled now. */
  async settle(batch: Batch, outcome: Outcome, rest?: Batch): Promise<'settled' | 'gone'> {
    const keys = keysOf(batch.output)
    const { keeper, marks, consumer, onSettled } = this.#options
    const mark = markOf(batch, outcome, rest)
    const { copies, copiesDue, copiesCounts, settled, open } = keys
    const { stream, number, part } = batch
    const result = await keeper.link.run((client) =>
      client.sluiceSettleCopy(
        ...[copies, copiesDue, copiesCounts, settled(stream), open(stream), keys.marks(consumer)],
        ...[stream, number, part, REMEMBERED, markField(mark), JSON.stringify(mark)],
        ...[rest ? `${keyLine(rest)} 0-0` : '', rest ? encodeBlob(rest) : '', rest?.count ?? 0],
        rest?.body.byteLength ?? 0,
      ),
    )
    keeper.output(batch.output).markLeft()
    const first = result === 1 ? await marks.record(mark) : 'again'
    if (!rest) onSettled(batch)
    return first === 'first' ? 'settled' : 'gone'
  }
}

const fieldOf = ({ stream, number }: Batch) => `${stream} ${number}`

/** The last word of a copy's key line. */
const originalId = (line: string) => line.slice(line.lastIndexOf(' ') + 1) || '0-0'

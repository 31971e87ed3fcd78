import { type Batch, type BatchBuffer, BufferFull, type Depth, type Lease } from './buffer.ts'
import type { Entry } from './pending.ts'
import { type Buffered, type MarkStore, OutputQueue } from './queue.ts'
import { checkTally } from './settlement.ts'

export interface MemoryOptions {
  /** Bytes of bodies per output. */
  size: number
  marks: MarkStore
  /** How long a lease lasts without renew; default 60 s. */
  leaseMs?: number
}

interface InMemory extends Entry {
  batch: Batch
}

/** Batches in memory: gone with the process, like everything a crash catches before the disk (lost(crash)). */
export class MemoryBuffer implements BatchBuffer {
  readonly #options: MemoryOptions
  readonly #queues = new Map<string, OutputQueue<InMemory>>()
  #order = 0

  constructor(options: MemoryOptions) {
    this.#options = options
  }

  /** Copies the body: its bytes are the caller's again. */
  async append(batch: Batch): Promise<void> {
    checkTally(batch)
    const queue = this.#queue(batch.output)
    if (queue.pending.bytes + batch.body.byteLength > this.#options.size) {
      throw new BufferFull(`the buffer in memory for ${batch.output} holds its ${this.#options.size} bytes`)
    }
    queue.pending.add(entryOf(batch, ++this.#order, queue.tallies.add(batch.tally)))
  }

  leases(output: string, signal: AbortSignal): AsyncIterable<Lease> {
    return this.#queue(output).leases(signal)
  }

  async depth(output?: string): Promise<Depth> {
    return addDepths([...this.#queues.values()].filter((q) => output === undefined || q.output === output))
  }

  buffered(): Buffered[] {
    return [...this.#queues.values()].flatMap((queue) => queue.buffered())
  }

  async close(): Promise<void> {
    for (const queue of this.#queues.values()) queue.pending.stop()
  }

  #queue(output: string): OutputQueue<InMemory> {
    let queue = this.#queues.get(output)
    if (!queue) {
      const shelf = {
        load: async ({ batch }: InMemory) => batch,
        keepRest: async (rest: Batch, _mark: unknown, order: number, tally: number[]) => entryOf(rest, order, tally),
        drop: () => {},
      }
      queue = new OutputQueue(output, shelf, this.#options.marks, this.#options.leaseMs ?? 60_000)
      this.#queues.set(output, queue)
    }
    return queue
  }
}

function entryOf(batch: Batch, order: number, tally: number[]): InMemory {
  const { stream, number, part, count, body, received } = batch
  // Not slice(): a Buffer's does not copy.
  const copy = { ...batch, body: new Uint8Array(body) }
  return { order, stream, number, part, count, bytes: body.byteLength, received, tally, batch: copy }
}

/** The depth over several queues. */
export function addDepths(queues: { depth(): Depth }[]): Depth {
  const sum: Depth = { batches: 0, events: 0, bytes: 0 }
  for (const queue of queues) {
    const { batches, events, bytes, oldest } = queue.depth()
    sum.batches += batches
    sum.events += events
    sum.bytes += bytes
    if (oldest !== undefined) sum.oldest = Math.min(sum.oldest ?? Infinity, oldest)
  }
  return sum
}

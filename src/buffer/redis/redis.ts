import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { type Batch, type BatchBuffer, BufferDown, type Depth } from '../buffer.ts'
import { free } from '../free.ts'
import { addDepths } from '../memory.ts'
import { checkTally } from '../settlement.ts'
import { encodeBlob } from './entry.ts'
import { keysOf, OUTPUTS } from './keys.ts'
import { RedisLink } from './link.ts'
import type { ShipperMarks } from './marks-inbox.ts'
import { type RedisLease, RedisOutput } from './output.ts'

export interface RedisOptions {
  url: string
  /** Bytes in Redis, per output. */
  size: number
  /** ms; full as well while the oldest batch of an output has waited longer. */
  age: number
  /** Name of this process as a consumer, the same over restarts. */
  consumer: string
  /** The ledger of what this process settles. */
  marks: ShipperMarks
  /** There are copies elsewhere (mirror): what is damaged here is not lost yet. */
  mirrored?: boolean | undefined
  onHappening?: OnHappening | undefined
  /** How long a lease lasts without renew; default 60 s. */
  leaseMs?: number | undefined
  commandMillis?: number | undefined
}

/** What Redis remembers of a batch that was appended. */
export interface Appended {
  events: number
  /** Where its input was with its last line. */
  positions?: Record<string, unknown> | undefined
}

/**
 * Batches in Redis, each one entry of a stream per output; any number of receivers append, any number of shippers take.
 * An append resolves when Redis has answered: what that survives is up to its persistence, which is looked at on
 * connect. Rejects with BufferFull above `size` or `age` or at the server's maxmemory, with BufferDown while it is away.
 */
export class RedisBuffer implements BatchBuffer {
  readonly link: RedisLink
  readonly #options: RedisOptions
  readonly #outputs = new Map<string, RedisOutput>()
  readonly #timer: NodeJS.Timeout
  #ticking: Promise<void> | undefined

  constructor(options: RedisOptions) {
    this.#options = options
    const { url, size, onHappening, commandMillis } = options
    this.link = new RedisLink({ url, size, onHappening, commandMillis })
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick().finally(() => {
        this.#ticking = undefined
      })
    }, 1000).unref()
  }

  async append(batch: Batch): Promise<void> {
    checkTally(batch)
    const blob = encodeBlob(batch)
    try {
      await this.put(batch, blob)
    } finally {
      free(blob)
    }
  }

  /** As `append`, with the batch packed already; resolves with the id under which it waits. */
  put(batch: Batch, blob: Buffer): Promise<string> {
    return this.output(batch.output).append(batch, blob)
  }

  leases(output: string, signal: AbortSignal): AsyncIterable<RedisLease> {
    return this.output(output).leases(signal)
  }

  async depth(output?: string): Promise<Depth> {
    const names = output === undefined ? await this.outputs() : [output]
    const depths = await Promise.all(names.map((name) => this.output(name).depth()))
    return addDepths(depths.map((depth) => ({ depth: () => depth })))
  }

  /** The outputs that ever had a batch in this Redis. */
  async outputs(): Promise<string[]> {
    return this.link.run((client) => client.smembers(OUTPUTS))
  }

  /** The newest batches of a stream that were appended here, by number; settled ones included. */
  async newest(output: string, stream: string): Promise<Map<number, Appended>> {
    const fields = await this.link.run((client) => client.hgetall(keysOf(output).appended(stream)))
    const numbers = Object.entries(fields).filter(([name]) => /^n\d+$/.test(name))
    return new Map(
      numbers.map(([name, events]) => {
        const positions = fields[`p${name.slice(1)}`]
        return [Number(name.slice(1)), { events: Number(events), positions: positionsOf(positions) }]
      }),
    )
  }

  output(name: string): RedisOutput {
    let output = this.#outputs.get(name)
    if (!output) {
      const { consumer, marks, size, age, leaseMs = 60_000, mirrored = false, onHappening } = this.#options
      const common = { consumer, marks, size, age, leaseMs, mirrored, onHappening }
      output = new RedisOutput({ ...common, link: this.link, output: name })
      this.#outputs.set(name, output)
    }
    return output
  }

  /** What was leased or read ahead is anybody's again at once. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    // A Redis that is away: it comes to this consumer when it starts again, to others when its lease has run out.
    await Promise.allSettled([...this.#outputs.values()].map((output) => output.giveBack()))
    this.link.close()
    await Promise.all([...this.#outputs.values()].map((output) => output.close()))
    await this.#ticking
  }

  async #tick(): Promise<void> {
    if (!this.link.well) return
    for (const output of this.#outputs.values()) {
      try {
        await output.tick()
      } catch (error) {
        if (error instanceof BufferDown) return
        this.#options.onHappening?.({ kind: 'write_failed', text: messageOf(error) })
      }
    }
  }
}

/** Undefined when there are none. */
function positionsOf(text = ''): Record<string, unknown> | undefined {
  try {
    const positions: unknown = JSON.parse(text)
    return typeof positions === 'object' && positions !== null ? { ...positions } : undefined
  } catch {
    return undefined
  }
}

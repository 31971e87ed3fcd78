import { setImmediate as turn } from 'node:timers/promises'
import { UserError } from '../../errors.ts'
import type { Batch, Depth } from '../buffer.ts'
import { Copies } from '../mirror/copies.ts'
import { encodeBlob } from '../redis/entry.ts'
import { inspect, inspectCopies, putAside, putCopyAside, shippersOf, takeOut } from '../redis/inspect.ts'
import { keysOf } from '../redis/keys.ts'
import { RedisBuffer } from '../redis/redis.ts'
import { type BufferView, describe, type Waiting } from './view.ts'

const CONNECT_MILLIS = 3000
const UNLIMITED = 1e12

/** Nothing is leased or settled by a view. */
const marks = { has: () => false, record: async () => 'first' as const, sync: async () => {} }

/** A Redis. Shippers and receivers may go on meanwhile. */
export class RedisView implements BufferView {
  readonly name: string
  readonly #buffer: RedisBuffer
  /** Mirror: where the copies of what waits here stand. */
  #keeper: RedisView | undefined

  private constructor(buffer: RedisBuffer) {
    this.#buffer = buffer
    this.name = buffer.link.name
  }

  /** Throws UserError when it can't be reached. */
  static async open(url: string): Promise<RedisView> {
    const view = new RedisView(new RedisBuffer({ url, size: UNLIMITED, age: Infinity, consumer: 'command', marks }))
    const { link } = view.#buffer
    if (await link.settled(CONNECT_MILLIS)) return view
    const trouble = `${link.trouble}`
    await view.close()
    throw new UserError(trouble)
  }

  /** The other one of a mirror: copies are put there, and taken away from there. */
  mirrored(keeper: RedisView): void {
    this.#keeper = keeper
  }

  async outputs(): Promise<string[]> {
    return (await this.#buffer.outputs()).sort()
  }

  depth(output: string): Promise<Depth> {
    return this.#buffer.depth(output)
  }

  async notes(output: string): Promise<string[]> {
    const { link } = this.#buffer
    const { copiesDue, damaged } = keysOf(output)
    const [copies, aside] = await link.run((client) => Promise.all([client.zcard(copiesDue), client.xlen(damaged)]))
    const shippers = await shippersOf(link, output)
    return [
      ...(copies > 0 ? [`copies of what waits elsewhere: ${copies} batches`] : []),
      ...(aside > 0 ? [`damaged, set aside in ${damaged}: ${aside}`] : []),
      ...shippers.map(({ name, leased, idle }) => {
        return `shipper ${name}: ${leased} batches in hand, last seen ${(idle / 1000).toFixed(1)} s ago`
      }),
    ]
  }

  async *waiting(output: string): AsyncGenerator<Waiting> {
    const { link } = this.#buffer
    for await (const entry of inspect(link, output)) {
      const { id, key, batch } = entry
      yield {
        what: key ? describe(key) : `entry ${id}`,
        batch,
        takeOut: async () => {
          if (!(await takeOut(link, output, entry))) return false
          if (batch) await this.#keeper?.dropCopy(batch)
          return true
        },
        setAside: async () => {
          await putAside(link, output, entry)
          return keysOf(output).damaged
        },
      }
    }
  }

  async *copies(output: string): AsyncGenerator<Waiting> {
    const { link } = this.#buffer
    for await (const { field, key, batch } of inspectCopies(link, output)) {
      yield {
        what: key ? describe(key) : `copy ${field}`,
        batch,
        takeOut: async () => false,
        setAside: () => putCopyAside(link, output, field),
      }
    }
  }

  async put(batch: Batch): Promise<void> {
    const blob = encodeBlob(batch)
    const id = await this.#buffer.put(batch, blob)
    if (!this.#keeper) return
    const common = { marks, consumer: 'command', size: UNLIMITED, leaseMs: 60_000, onSettled() {} }
    await new Copies({ ...common, keeper: this.#keeper.#buffer, original: this.#buffer }).put(batch, blob, id)
  }

  async close(): Promise<void> {
    await this.#buffer.close()
    await turn()
  }

  /** The original of a copy that stands here was moved. */
  async dropCopy({ output, stream, number }: Batch): Promise<void> {
    const { copies, copiesDue, copiesCounts } = keysOf(output)
    await this.#buffer.link.run((client) =>
      client.sluiceDropCopy(copies, copiesDue, copiesCounts, `${stream} ${number}`),
    )
  }
}

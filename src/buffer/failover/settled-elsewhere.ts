import type { Batch } from '../buffer.ts'
import { keysOf, REMEMBERED } from '../redis/keys.ts'
import type { RedisBuffer } from '../redis/redis.ts'

const MOST = 100_000
const MANY = 500

/**
 * What this process has settled in one Redis, on its way to another, so that the first may come back empty and still
 * be told exactly what it lost. A batch that stands in both (a write without answer) is then settled in both.
 */
export class SettledElsewhere {
  readonly #to: RedisBuffer
  #queue: { output: string; stream: string; number: number }[] = []

  constructor(to: RedisBuffer) {
    this.#to = to
  }

  add({ output, stream, number }: Batch): void {
    if (this.#queue.length < MOST) this.#queue.push({ output, stream, number })
  }

  /** Rejects with BufferDown when the other Redis is away; nothing is forgotten then. */
  async send(): Promise<void> {
    while (this.#queue.length > 0) {
      const some = this.#queue.slice(0, MANY)
      await this.#to.link.run(async (client) => {
        const streams = new Set<string>()
        const answers = some.map(({ output, stream, number }) => {
          const key = keysOf(output).settled(stream)
          streams.add(key)
          return client.setbit(key, number, 1)
        })
        await Promise.all([...answers, ...[...streams].map((key) => client.expire(key, REMEMBERED))])
      })
      this.#queue = this.#queue.slice(some.length)
    }
  }
}

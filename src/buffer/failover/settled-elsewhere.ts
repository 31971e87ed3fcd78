import type { Batch } from '../buffer.ts'
import { keysOf, REMEMBERED } from '../redis/keys.ts'
import type { RedisBuffer } from '../redis/redis.ts'

const MOST = 100_000
const MANY = 500

/**
 * What this process has settled in one Redis, on its way to another, so that the first may come back empty and still
 * be told exactly what it lost. A batch that stands in both (a copy, a write without answer) is then
 * settled in both.
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
      await this.#to.link.run((client) => {
        const groups = Map.groupBy(some, ({ output, stream }) => `${output}\0${stream}`)
        const answers = [...groups.values()].map((batches) => {
          const { output = '', stream = '' } = batches[0] ?? {}
          const { settled, copies, copiesDue, copiesCounts } = keysOf(output)
          const numbers = batches.map(({ number }) => number)
          const keys = [settled(stream), copies, copiesDue, copiesCounts]
          return client.sluiceNoteSettled(...keys, stream, REMEMBERED, ...numbers)
        })
        return Promise.all(answers)
      })
      this.#queue = this.#queue.slice(some.length)
    }
  }
}

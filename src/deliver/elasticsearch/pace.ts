import PQueue from 'p-queue'

const START = 2
/** A request that takes longer counts as refused: the cluster queues what it can't do. */
const SLOW_MILLIS = 10_000
/** One that takes longer is no reason for more at a time. */
const BUSY_MILLIS = 2000

/**
 * How many requests are under way at a time, from 1 to `most`: one more after as many were taken as may be under way,
 * half as many after a refusal (429), an answer that did not come, or one that took over 10 s. All refusals of requests
 * that were sent before the last halving belong to it.
 */
export class Pace {
  readonly #queue: PQueue
  readonly #most: number
  #limit: number
  #halvedAt = 0

  constructor(most: number) {
    this.#most = most
    this.#limit = Math.min(START, most)
    this.#queue = new PQueue({ concurrency: this.limit })
  }

  /** Requests that may be under way. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** Runs `send` as soon as it may; tells it whether nothing else was under way when it began. */
  run<T>(send: (isAlone: () => boolean) => Promise<T>): Promise<T> {
    return this.#queue.add(() => {
      const aloneAtFirst = this.#queue.pending === 1
      return send(() => aloneAtFirst && this.#queue.pending === 1)
    })
  }

  /** A request that was sent at `start` (ms since the epoch) has been answered. */
  answered(start: number, now = Date.now()): void {
    const millis = now - start
    if (millis > SLOW_MILLIS) this.refused(start, now)
    else if (millis <= BUSY_MILLIS) this.#set(this.#limit + 1 / this.#limit)
  }

  /** A request that was sent at `start` was refused for want of room. */
  refused(start: number, now = Date.now()): void {
    if (start < this.#halvedAt) return
    this.#halvedAt = now
    this.#set(this.#limit / 2)
  }

  #set(limit: number): void {
    this.#limit = Math.min(this.#most, Math.max(1, limit))
    this.#queue.concurrency = this.limit
  }
}

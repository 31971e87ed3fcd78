import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes beyond what was in use after the last collection. */
const MOST = 4 << 20
/** Between two collections, ms: then they take a thousandth of a core at most, however much garbage a load makes. */
const REST = 60_000
/** While a lane collects, what comes waits in the receive buffer. */
const FLOOD_PER_SECOND = 50_000

/**
 * A thread's garbage. V8 lets it grow to three times of what is in use, and a lane makes 14 bytes a line: over minutes of a
 * slow stream each thread takes tens of megabytes that nobody needs. A collection takes 20 to 50 ms.
 */
export class Garbage {
  readonly #inUse: () => number
  readonly #collect: () => void
  #least = Number.POSITIVE_INFINITY
  #collectedAt = Number.NEGATIVE_INFINITY

  constructor(inUse = heapInUse, collect: () => void = collector()) {
    this.#inUse = inUse
    this.#collect = collect
  }

  /**
   * Every now and then; collects when it is time.
   * @param now ms
   * @param perSecond datagrams that come; in a flood it is V8 that decides
   */
  tick(now: number, perSecond: number): void {
    const inUse = this.#inUse()
    this.#least = Math.min(this.#least, inUse)
    if (inUse - this.#least <= MOST || now - this.#collectedAt < REST || perSecond > FLOOD_PER_SECOND) return
    this.#collect()
    this.#collectedAt = now
    this.#least = this.#inUse()
  }
}

function heapInUse(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

/** V8's own collection of this thread's heap, which it offers to none by default. */
export function collector(): (options?: { type: 'major'; flavor: 'last-resort' }) => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  return typeof gc === 'function' ? (...options) => gc(...options) : () => {}
}

import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes beyond what was in use after the last collection. */
const MOST = 32 << 20
/** While it collects, 50 ms, what comes waits in the receive buffer. */
const FLOOD_PER_SECOND = 50_000

/**
 * A lane makes little garbage, 14 bytes a line, and V8 lets it grow to three times of what is in use: at 20,000 lines/s by
 * 1.5 MB every three seconds, to some 100 MB. One collection of a thread with all datasets takes 50 ms.
 */
export class Garbage {
  readonly #inUse: () => number
  readonly #collect: () => void
  #least = Number.POSITIVE_INFINITY

  constructor(inUse = heapInUse, collect: () => void = collector()) {
    this.#inUse = inUse
    this.#collect = collect
  }

  /** Once a second. @param datagrams that came since the last call: in a flood it is V8 that decides */
  tick(datagrams: number): void {
    const inUse = this.#inUse()
    this.#least = Math.min(this.#least, inUse)
    if (inUse - this.#least <= MOST || datagrams > FLOOD_PER_SECOND) return
    this.#collect()
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

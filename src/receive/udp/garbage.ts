import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes beyond what was taken after the last collection. */
const MOST = 4 << 20
/** Between two collections, ms: then they take three thousandths of a core at most, however much garbage a load makes. */
const REST = 30_000

/** How much a thread has to do. While it collects, what comes waits: for a lane in the receive buffer, which may be small. */
export type Load = 'calm' | 'busy' | 'flooded'

const CALM_PER_SECOND = 5_000
const FLOOD_PER_SECOND = 50_000

export function loadOfLane(datagramsPerSecond: number): Load {
  if (datagramsPerSecond > FLOOD_PER_SECOND) return 'flooded'
  return datagramsPerSecond < CALM_PER_SECOND ? 'calm' : 'busy'
}

const CALM_SHARE = 0.1
const FLOOD_SHARE = 0.5

/** @param share of its time that a thread with an event loop does not wait */
export function loadOfLoop(share: number): Load {
  if (share > FLOOD_SHARE) return 'flooded'
  return share < CALM_SHARE ? 'calm' : 'busy'
}

/**
 * A thread's garbage. V8 lets it grow to three times of what is in use, and a lane makes 14 bytes a line: over minutes of a
 * slow stream each thread takes tens of megabytes that nobody needs. A collection takes 20 to 50 ms. It leaves holes: after
 * its first minute a lane has 59 MB for 48 in use. Where there is time it is one of the last resort, which takes 40 to 120
 * ms and leaves 43 MB.
 */
export class Garbage {
  readonly #taken: () => number
  readonly #collect: Collect
  #least = Number.POSITIVE_INFINITY
  #collectedAt = Number.NEGATIVE_INFINITY

  constructor(taken = memoryTaken, collect: Collect = collector()) {
    this.#taken = taken
    this.#collect = collect
  }

  /**
   * Every now and then; collects when it is time. In a flood it is V8 that decides.
   * @param now ms
   */
  tick(now: number, load: Load): void {
    const taken = this.#taken()
    this.#least = Math.min(this.#least, taken)
    if (taken - this.#least <= MOST || now - this.#collectedAt < REST || load === 'flooded') return
    this.#collect(load === 'calm')
    this.#collectedAt = now
    this.#least = this.#taken()
  }
}

function memoryTaken(): number {
  const { total_heap_size, external_memory } = getHeapStatistics()
  return total_heap_size + external_memory
}

/** `thorough`: as if nothing else were left to do, to the last hole. */
type Collect = (thorough: boolean) => void

/** V8's own collection of this thread's heap, which it offers to none by default. */
export function collector(): Collect {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc !== 'function') return () => {}
  return (thorough) => (thorough ? gc({ type: 'major', flavor: 'last-resort' }) : gc())
}

import { free } from '../../buffer/free.ts'

const SMALLEST = 1 << 16
/** How long one is kept that no request needs. */
const IDLE_MILLIS = 10_000

/**
 * Memory for requests, used again. Left to the garbage collector, that of a million events made it mark the whole heap
 * dozens of times. Sizes are powers of two, so that requests of about the same size fit into each other's.
 */
export class RequestBuffers {
  readonly #most: number
  /** Those that wait, longest first. */
  readonly #kept: { buffer: Buffer; since: number }[] = []
  #sweeping: NodeJS.Timeout | undefined

  /** @param most that are kept */
  constructor(most: number) {
    this.#most = most
  }

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    const size = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)))
    const at = this.#kept.findLastIndex(({ buffer }) => buffer.byteLength === size)
    const [found] = at < 0 ? [] : this.#kept.splice(at, 1)
    return found?.buffer ?? Buffer.allocUnsafeSlow(size)
  }

  /** Only what nothing reads any more, not even the system for a request that was given up. */
  give(buffer: Buffer): void {
    this.#kept.push({ buffer, since: Date.now() })
    if (this.#kept.length > this.#most) this.#drop()
    this.#sweeping ??= setInterval(() => this.#sweep(), IDLE_MILLIS).unref()
  }

  #sweep(): void {
    const over = Date.now() - IDLE_MILLIS
    while ((this.#kept[0]?.since ?? Infinity) <= over) this.#drop()
    if (this.#kept.length > 0) return
    clearInterval(this.#sweeping)
    this.#sweeping = undefined
  }

  #drop(): void {
    const dropped = this.#kept.shift()
    if (dropped !== undefined) free(dropped.buffer)
  }
}

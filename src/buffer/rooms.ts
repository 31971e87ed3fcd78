const SMALLEST = 1 << 16
/** How long one is kept that nobody needs. */
const IDLE_MILLIS = 10_000

/**
 * Memory for bodies and requests, used again: fresh pages cost a shipper 0.05 to 0.1 s of CPU per million events. Sizes
 * are powers of two, so that batches of about the same size fit into each other's rooms; pages behind what is used are
 * never touched.
 */
export class Rooms {
  /** Those in use that came from here. */
  readonly #taken = new WeakSet<ArrayBuffer>()
  /** Those that wait, longest first. */
  readonly #kept: { room: ArrayBuffer; since: number }[] = []
  #sweeping: NodeJS.Timeout | undefined

  /** Rooms that wait for somebody. */
  get kept(): number {
    return this.#kept.length
  }

  /** So many bytes, with anything in them. */
  take(bytes: number): Buffer<ArrayBuffer> {
    if (bytes < SMALLEST) return Buffer.allocUnsafeSlow(bytes)
    const size = 2 ** Math.ceil(Math.log2(bytes))
    const at = this.#kept.findLastIndex(({ room }) => room.byteLength === size)
    const [found] = at < 0 ? [] : this.#kept.splice(at, 1)
    const room = found?.room ?? Buffer.allocUnsafeSlow(size).buffer
    this.#taken.add(room)
    return Buffer.from(room, 0, bytes)
  }

  /** Whoever still looks at it sees no bytes. Memory that is not from here is gone at once. */
  give(buffer: ArrayBuffer): void {
    if (!this.#taken.has(buffer)) {
      buffer.transfer(0)
      return
    }
    // The same memory, not a copy.
    this.#kept.push({ room: buffer.transfer(), since: Date.now() })
    this.#sweeping ??= setInterval(() => this.#sweep(), IDLE_MILLIS).unref()
  }

  #sweep(): void {
    const over = Date.now() - IDLE_MILLIS
    while ((this.#kept[0]?.since ?? Infinity) <= over) this.#kept.shift()?.room.transfer(0)
    if (this.#kept.length > 0) return
    clearInterval(this.#sweeping)
    this.#sweeping = undefined
  }
}

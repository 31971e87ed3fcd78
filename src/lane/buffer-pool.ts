import { BATCH_BYTES } from './open-batch.ts'

/** Room beyond BATCH_BYTES, so that the line that completes a batch mostly fits. */
const SIZE = BATCH_BYTES + (256 << 10)

/**
 * The buffers of batches are a lane's credits: each goes out with a batch and comes back once the batch is safe. With
 * none free the lane stops reading. Pages are zero until written, so an idle pool takes no memory.
 */
export class BufferPool {
  readonly #credits: number
  #out = 0
  #free: Uint8Array[] = []
  #waiting: (() => void)[] = []

  constructor(credits: number) {
    this.#credits = credits
  }

  get empty(): boolean {
    return this.#out >= this.#credits
  }

  /** A buffer of at least that many bytes; one beyond the credits rather than none, since what was read is kept. */
  take(size: number): Uint8Array {
    this.#out++
    if (size > SIZE) return new Uint8Array(size)
    return this.#free.pop() ?? new Uint8Array(SIZE)
  }

  /** @param buffer null when it went elsewhere for good, such as one made for a single large line. */
  give(buffer: ArrayBuffer | null): void {
    this.#out--
    if (buffer !== null && buffer.byteLength === SIZE && this.#free.length < 2) this.#free.push(new Uint8Array(buffer))
    if (this.empty) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  whenReady(): Promise<void> {
    return this.empty ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve()
  }
}

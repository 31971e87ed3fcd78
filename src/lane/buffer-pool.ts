import { BATCH_BYTES } from './open-batch.ts'

/** Room beyond BATCH_BYTES, so that the line that completes a batch mostly fits. */
const SIZE = BATCH_BYTES + (256 << 10)

/** Buffers that an idle lane keeps. */
const KEPT = 2

/**
 * The buffers of batches are a lane's credits: each goes out with a batch and comes back once the batch is safe. With
 * none free the lane stops reading. Pages take memory once they are written.
 *
 * They are shared with the main thread and not transferred to it: once any memory of a thread has been, V8 looks at each
 * access whether that is still there, which takes a lane's line 5 to 7 % more time.
 */
export class BufferPool {
  readonly #credits: number
  #out = 0
  /** Buffers that were out at once, at most, since `trim`, or KEPT. */
  #most = KEPT
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
    this.#most = Math.max(this.#most, ++this.#out)
    if (size > SIZE) return room(size)
    return this.#free.pop() ?? room(SIZE)
  }

  /** @param body what was taken, or a part of it; null: it is not to be used again */
  give(body: Uint8Array | null): void {
    this.#out--
    if (body?.buffer.byteLength === SIZE) this.#free.push(new Uint8Array(body.buffer))
    if (this.empty) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** True when there are more than were needed at once since the last call. */
  get hasSpare(): boolean {
    return this.#out + this.#free.length > this.#most
  }

  /**
   * Lets go of those that were not needed since the last call. Not sooner: V8 does not count shared memory among what makes
   * it collect garbage, and a load would leave one after the other.
   */
  trim(): void {
    if (this.hasSpare) this.#free.length = Math.max(0, this.#most - this.#out)
    this.#most = Math.max(KEPT, this.#out)
  }

  whenReady(): Promise<void> {
    return this.empty ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve()
  }
}

function room(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size))
}

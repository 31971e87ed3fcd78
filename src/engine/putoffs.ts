import type { Batch } from '../buffer/buffer.ts'

const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 30_000
/** More for each batch that is put off: going through all of them costs about 1 ms a batch, so at most 5 % of a core. */
const MILLIS_A_BATCH = 20
const LONGEST = 300_000
/** Batches remembered; one that was forgotten starts anew. */
const MOST = 20_000

/** How long a batch waits of which nothing could be settled, while others went on. */
export class Putoffs {
  readonly #times = new Map<string, number>()

  /** ms until it is tried again: 1 s, doubling to 30 s, with jitter. */
  next(batch: Batch): number {
    const key = keyOf(batch)
    const times = this.#times.get(key) ?? 0
    if (times === 0 && this.#times.size >= MOST) {
      for (const [oldest] of this.#times) {
        this.#times.delete(oldest)
        break
      }
    }
    this.#times.set(key, times + 1)
    const pause = Math.min(FIRST_PAUSE * 2 ** times, LONGEST_PAUSE)
    return Math.min(LONGEST, pause * (0.75 + Math.random() / 2) + this.#times.size * MILLIS_A_BATCH)
  }

  /** How often the batch, as it is, was put off. */
  times(batch: Batch): number {
    return this.#times.get(keyOf(batch)) ?? 0
  }

  forget(batch: Batch): void {
    this.#times.delete(keyOf(batch))
  }
}

const keyOf = ({ stream, number, part }: Batch) => `${stream}/${number}/${part}`

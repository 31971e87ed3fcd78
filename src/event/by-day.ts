export const DAY = 86_400_000

/** Days kept at once: clocks and zones of senders differ, and files are read of other days than today's lines. */
const KEPT = 64

/** Something made for a day (UTC), such as its date as text; that of the last few days is kept. */
export class ByDay<T> {
  readonly #make: (midnight: number) => T
  readonly #midnights = new Float64Array(KEPT).fill(Number.NaN)
  readonly #made: T[] = []
  /** That asked for last. */
  #midnight = Number.NaN
  #last: T | null = null

  /** @param make is given the day's beginning, ms since the epoch */
  constructor(make: (midnight: number) => T) {
    this.#make = make
  }

  /** @param time ms since the epoch */
  of(time: number): T {
    const within = time - this.#midnight
    return within >= 0 && within < DAY && this.#last !== null ? this.#last : this.#find(time)
  }

  #find(time: number): T {
    const day = Math.floor(time / DAY)
    const midnight = day * DAY
    const place = day & (KEPT - 1)
    if (this.#midnights[place] !== midnight) {
      this.#made[place] = this.#make(midnight)
      this.#midnights[place] = midnight
    }
    const made = this.#made[place]
    this.#midnight = midnight
    this.#last = made
    return made
  }
}

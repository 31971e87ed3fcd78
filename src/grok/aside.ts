/** The programs whose lines a pattern is not tried on, since it took too long over one of them. */
export class Aside {
  readonly #millis: number
  readonly #programs = new Map<string, { until: number; times: number }>()

  /** @param millis how long, the first time; twice as long each further time */
  constructor(millis: number) {
    this.#millis = millis
  }

  covers(program: string, now: number): boolean {
    const entry = this.#programs.get(program) ?? this.#programs.get(EVERY)
    return entry !== undefined && now < entry.until
  }

  /** @returns until when, ms since the epoch */
  add(program: string, now: number): number {
    // Program names come from the network: past some number of them the pattern itself is to blame.
    const key = this.#programs.size < MAX_PROGRAMS || this.#programs.has(program) ? program : EVERY
    const times = (this.#programs.get(key)?.times ?? 0) + 1
    const until = now + Math.min(this.#millis * 2 ** (times - 1), MAX_MILLIS)
    this.#programs.set(key, { until, times })
    return until
  }
}

const MAX_PROGRAMS = 100
const MAX_MILLIS = 24 * 3_600_000
/** No program has a blank in its name. */
const EVERY = ' every program'

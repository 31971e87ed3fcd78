/** At most `perMinute` tokens a minute, which come back evenly; a full minute's worth may go at once. */
export class Budget {
  readonly #perMinute: number
  #tokens: number
  #at = Date.now()

  constructor(perMinute: number) {
    this.#perMinute = perMinute
    this.#tokens = perMinute
  }

  get empty(): boolean {
    this.#refill()
    return this.#tokens < 1
  }

  take(): boolean {
    if (this.empty) return false
    this.#tokens--
    return true
  }

  #refill(): void {
    const now = Date.now()
    const gained = (Math.max(0, now - this.#at) / 60_000) * this.#perMinute
    this.#tokens = Math.min(this.#perMinute, this.#tokens + gained)
    this.#at = now
  }
}

/** At most `max` of a thing at a time; the others wait in order. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    this.#free = max
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

/** Says the first of a kind at once, and what came in the minute after it as one sum. */
export class Reports<T> {
  readonly #tell: (report: T, lines: number) => void
  readonly #open = new Map<string, { report: T; lines: number; until: number }>()

  constructor(tell: (report: T, lines: number) => void) {
    this.#tell = tell
  }

  add(key: string, report: T, lines: number): void {
    const open = this.#open.get(key)
    if (open !== undefined) {
      open.lines += lines
      open.report = report
      return
    }
    // A stranger who invents names must not fill the log: the counters still know of all.
    if (this.#open.size >= 100) return
    this.#open.set(key, { report, lines: 0, until: Date.now() + 60_000 })
    this.#tell(report, lines)
  }

  sweep(all = false): void {
    const now = Date.now()
    for (const [key, open] of this.#open) {
      if (!all && open.until > now) continue
      this.#open.delete(key)
      if (open.lines > 0) this.#tell(open.report, open.lines)
    }
  }
}

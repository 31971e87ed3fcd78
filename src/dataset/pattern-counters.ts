import type { Guard, Guarded } from '../grok/guard.ts'
import type { DatasetLine } from './dataset.ts'

/** What a pattern did. */
export interface PatternCounts {
  /** `sshd/accepted`. */
  name: string
  tried: number
  matched: number
  /** ms; reckoned from every 32nd try. */
  time: number
  timedOut: number
}

/** Tries between two that are timed: reading the clock twice costs as much as a short pattern. */
const SAMPLED = 32

/** Counts of one pattern; the matcher adds to them. */
export class PatternCounter {
  readonly name: string
  tried = 0
  matched = 0
  time = 0
  timedOut = 0
  // Not the first try, which compiles the expression.
  #untimed = 0
  constructor(name: string) {
    this.name = name
  }

  /** The counts since the last call. */
  take(): PatternCounts {
    const { name, tried, matched, time, timedOut } = this
    this.tried = this.matched = this.time = this.timedOut = 0
    return { name, tried, matched, time, timedOut }
  }

  /** Tries the pattern. */
  exec(pattern: Guarded, text: string, guard: Guard | null, line: DatasetLine): RegExpExecArray | null {
    this.tried++
    const timed = ++this.#untimed === SAMPLED
    const before = timed ? performance.now() : 0
    const match =
      guard === null ? pattern.regex.exec(text) : guard.exec(pattern, text, line.source.program, line.input.receivedAt)
    if (timed) {
      this.#untimed = 0
      this.time += (performance.now() - before) * SAMPLED
    }
    if (match !== null) this.matched++
    return match
  }
}

/** Sums of what lanes report, by pattern. */
export class PatternTotals {
  readonly #totals = new Map<string, PatternCounts>()

  add(counts: readonly PatternCounts[]): void {
    for (const { name, tried, matched, time, timedOut } of counts) {
      const total = this.#totals.get(name) ?? { name, tried: 0, matched: 0, time: 0, timedOut: 0 }
      total.tried += tried
      total.matched += matched
      total.time += time
      total.timedOut += timedOut
      this.#totals.set(name, total)
    }
  }

  /** Those that took most time first. */
  get all(): PatternCounts[] {
    return [...this.#totals.values()].sort((a, b) => b.time - a.time)
  }
}

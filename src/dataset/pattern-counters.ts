import type { Captures } from '../grok/captures.ts'
import type { GrokExpression } from '../grok/expression.ts'
import type { Guard } from '../grok/guard.ts'
import type { Text } from '../grok/text.ts'
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
  matches(expression: GrokExpression, text: Text, captures: Captures, guard: Guard | null, line: DatasetLine): boolean {
    this.tried++
    const timed = ++this.#untimed === SAMPLED
    const before = timed ? performance.now() : 0
    const found =
      guard === null
        ? expression.matches(text, captures)
        : guard.matches(expression, text, captures, line.source.program, line.input.receivedAt)
    if (timed) {
      this.#untimed = 0
      this.time += (performance.now() - before) * SAMPLED
    }
    if (found) this.matched++
    return found
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

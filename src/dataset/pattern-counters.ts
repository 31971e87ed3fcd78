/** What one pattern did since the start, for `sluice status --patterns`. */
export interface PatternCounts {
  /** `sshd/accepted`. */
  name: string
  tried: number
  matched: number
  /** ms; from every 64th try. */
  time: number
  timedOut: number
}

/** Tries between two that are timed: reading the clock twice costs as much as a short pattern. */
const SAMPLED = 64

/** Counts of one pattern; the matcher adds to them. */
export class PatternCounter {
  readonly name: string
  tried = 0
  matched = 0
  time = 0
  timedOut = 0
  constructor(name: string) {
    this.name = name
  }

  /** Tries the expression; `lastIndex` is not used. */
  exec(regex: RegExp, text: string): RegExpExecArray | null {
    if (this.tried++ % SAMPLED !== 0) {
      const match = regex.exec(text)
      if (match !== null) this.matched++
      return match
    }
    const before = performance.now()
    const match = regex.exec(text)
    this.time += (performance.now() - before) * SAMPLED
    if (match !== null) this.matched++
    return match
  }
}

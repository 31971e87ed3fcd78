import type { Difference } from './differences.ts'

/** Differences of one kind. */
export interface DifferenceCount {
  kind: Difference['kind']
  field: string | undefined
  count: number
  /** The first. */
  example: Difference
}

/** Kinds counted at once: names of fields may come from the lines themselves. */
const KINDS = 10_000

/** Counts differences by kind and field, in bounded memory. */
export class DifferenceCounts {
  total = 0
  /** Those of kinds that there was no more room for. */
  others = 0
  readonly #counts = new Map<string, DifferenceCount>()

  add(example: Difference): void {
    const { kind, field, lines = 1 } = example
    this.total += lines
    const key = `${kind} ${field ?? ''}`
    const found = this.#counts.get(key)
    if (found !== undefined) found.count += lines
    else if (this.#counts.size < KINDS) this.#counts.set(key, { kind, field, count: lines, example })
    else this.others += lines
  }

  /** The most frequent first. */
  get kinds(): DifferenceCount[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count)
  }
}

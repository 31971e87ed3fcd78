import { ANY, type CharSet, type Expression, OPENING } from './expression.ts'

/** Steps of one expression; what is longer is taken as anything. */
const MOST_STEPS = 2000

/**
 * How several expressions begin, as steps of one character each from set to set (Thompson's construction). After its
 * last one an expression may go on with anything.
 */
export class Openings {
  /** By step: what character it takes; null: none, it is only a place where ways divide. */
  readonly sets: (CharSet | null)[] = []
  /** Where it leads: to one step after a character, to any number otherwise. */
  readonly next: (number | number[])[] = []
  /** Which expression it belongs to. */
  readonly owners: number[] = []
  /** By expression: where it begins, and the step that stays what it is, for any further characters. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly #loops: (boolean | undefined)[] = []
  #left = 0

  /** @param expressions null: nothing is known of it */
  constructor(expressions: readonly (Expression | null)[]) {
    for (const [owner, expression] of expressions.entries()) {
      this.#left = MOST_STEPS
      const end = this.#step(owner, ANY, this.next.length)
      this.ends.push(end)
      this.starts.push(expression === null ? end : this.#add(owner, expression, end))
    }
  }

  #step(owner: number, set: CharSet | null, next: number | number[]): number {
    this.#left--
    this.sets.push(set)
    this.owners.push(owner)
    return this.next.push(next) - 1
  }

  /** Adds the steps for the expression in front of `next`, and returns the first. */
  #add(owner: number, expression: Expression, next: number): number {
    if (this.#left <= 0) return this.ends[owner]
    switch (expression.kind) {
      case 'char':
        return this.#step(owner, expression.set, next)
      case 'sequence':
        return expression.of.reduceRight((first, one) => this.#add(owner, one, first), next)
      case 'choice':
        return this.#step(
          owner,
          null,
          expression.of.map((one) => this.#add(owner, one, next)),
        )
      case 'repeat': {
        const { of, least, most } = expression
        let first = next
        if (most > OPENING) {
          const ways = [next]
          first = this.#step(owner, null, ways)
          ways.push(this.#add(owner, of, first))
        } else {
          for (let i = least; i < most; i++) first = this.#step(owner, null, [next, this.#add(owner, of, first)])
        }
        for (let i = 0; i < Math.min(least, OPENING); i++) first = this.#add(owner, of, first)
        return first
      }
    }
  }

  /** The steps that take a character, of those that can be reached from these without one; in order. */
  reached(from: readonly number[]): number[] {
    const seen = new Set<number>()
    const waiting = [...from]
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      if (seen.has(step)) continue
      seen.add(step)
      const next = this.next[step]
      if (typeof next !== 'number') waiting.push(...next)
    }
    return [...seen].filter((step) => this.sets[step] !== null).sort((a, b) => a - b)
  }

  /** True when it takes anything from here on. */
  loops(step: number): boolean {
    this.#loops[step] ??= this.sets[step] === ANY && this.reached([this.next[step]].flat()).includes(step)
    return this.#loops[step]
  }
}

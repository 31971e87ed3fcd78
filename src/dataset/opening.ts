import { ANY, type CharSet, type Expression, OPENING } from './expression.ts'

/** Steps of one expression; what is longer is taken as anything. */
const MOST_STEPS = 2000

/** What a step takes that is only a place where ways divide. */
const NOTHING_TAKEN = 0

/**
 * How several expressions begin, as steps of one character each from set to set (Thompson's construction). After its
 * last one an expression may go on with anything.
 *
 * There are 110,000 steps in the shipped datasets, so they stand in typed arrays: 1 MB instead of 5.
 */
export class Openings {
  /** By step: the number of the set of which it takes a character, or NOTHING_TAKEN. */
  readonly #takes = new Growing(Uint16Array)
  /** Where it leads: to one step after a character, otherwise to those that stand from there on in #ways. */
  readonly #next = new Growing(Int32Array)
  readonly #ways = new Growing(Int32Array)
  readonly #owners = new Growing(Uint16Array)
  /** The sets by number. */
  readonly sets: (CharSet | null)[] = [null]
  readonly #numbers = new Map<CharSet, number>()
  /** By expression: where it begins, and the step that stays what it is, for any further characters. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  #left = 0

  /** @param expressions null: nothing is known of it */
  constructor(expressions: readonly (Expression | null)[]) {
    for (const [owner, expression] of expressions.entries()) {
      this.#left = MOST_STEPS
      const end = this.#step(owner, ANY, this.#next.length)
      this.ends.push(end)
      this.starts.push(expression === null ? end : this.#add(owner, expression, end))
    }
    for (const list of [this.#takes, this.#next, this.#ways, this.#owners]) list.trim()
  }

  /** Which expression a step belongs to. */
  ownerOf(step: number): number {
    return this.#owners.values[step]
  }

  /** True when the step takes the character, by its ASCII code. */
  takes(step: number, code: number): boolean {
    return this.sets[this.#takes.values[step]]?.[code] === 1
  }

  /** Where a step leads that has taken a character. */
  after(step: number): number {
    return this.#next.values[step]
  }

  #step(owner: number, set: CharSet, next: number): number {
    let number = this.#numbers.get(set)
    if (number === undefined) {
      number = this.sets.push(set) - 1
      this.#numbers.set(set, number)
    }
    return this.#put(owner, number, next)
  }

  /** A place from which it goes on in any of these ways. */
  #fork(owner: number, ways: readonly number[]): number {
    const from = this.#ways.length
    this.#ways.push(ways.length)
    for (const way of ways) this.#ways.push(way)
    return this.#put(owner, NOTHING_TAKEN, from)
  }

  #put(owner: number, takes: number, next: number): number {
    this.#left--
    this.#takes.push(takes)
    this.#owners.push(owner)
    return this.#next.push(next)
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
        return this.#fork(
          owner,
          expression.of.map((one) => this.#add(owner, one, next)),
        )
      case 'repeat': {
        const { of, least, most } = expression
        let first = next
        if (most > OPENING) {
          first = this.#fork(owner, [next, next])
          // The second way leads through the expression, and back to here. Adding it may move the lists.
          const again = this.#add(owner, of, first)
          this.#ways.values[this.#next.values[first] + 2] = again
        } else {
          for (let i = least; i < most; i++) first = this.#fork(owner, [next, this.#add(owner, of, first)])
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
    const ways = this.#ways.values
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      if (seen.has(step)) continue
      seen.add(step)
      if (this.#takes.values[step] !== NOTHING_TAKEN) continue
      const at = this.#next.values[step]
      for (let i = 1; i <= ways[at]; i++) waiting.push(ways[at + i])
    }
    return [...seen].filter((step) => this.#takes.values[step] !== NOTHING_TAKEN).sort((a, b) => a - b)
  }

  /** True when it takes anything from here on. */
  loops(step: number): boolean {
    return this.sets[this.#takes.values[step]] === ANY && this.reached([this.after(step)]).includes(step)
  }
}

/** A list of numbers in a typed array. */
class Growing<T extends Int32Array | Uint16Array> {
  values: T
  length = 0
  readonly #make: new (
    length: number,
  ) => T

  constructor(make: new (length: number) => T) {
    this.#make = make
    this.values = new make(64)
  }

  /** Returns its place. */
  push(value: number): number {
    if (this.length === this.values.length) this.#resize(this.length * 2)
    this.values[this.length] = value
    return this.length++
  }

  trim(): void {
    this.#resize(this.length)
  }

  #resize(length: number): void {
    const values = new this.#make(length)
    values.set(this.values.subarray(0, this.length))
    this.values = values
  }
}

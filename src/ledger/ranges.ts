/** A set of numbers kept as ranges: a stream whose numbers all arrived is one range, however long it gets. */
export class Ranges {
  /** from, to, from, to, ...: sorted, neither overlapping nor touching. */
  readonly flat: number[]

  constructor(flat: number[] = []) {
    this.flat = flat
  }

  /** The greatest number; 0 when empty. */
  get last(): number {
    return this.flat.at(-1) ?? 0
  }

  has(number: number): boolean {
    const at = this.#find(number)
    return at < this.flat.length && number >= (this.flat[at] ?? Infinity)
  }

  /** False when it was there before. */
  add(number: number): boolean {
    const { flat } = this
    const at = this.#find(number)
    const from = flat[at]
    if (from !== undefined && number >= from) return false
    const joinsLeft = at > 0 && flat[at - 1] === number - 1
    const joinsRight = from === number + 1
    if (joinsLeft && joinsRight) flat.splice(at - 1, 2)
    else if (joinsLeft) flat[at - 1] = number
    else if (joinsRight) flat[at] = number
    else flat.splice(at, 0, number, number)
    return true
  }

  /** The ranges between 1 and `last` that are not in the set. */
  missing(last: number = this.last): [from: number, to: number][] {
    const gaps: [number, number][] = []
    let next = 1
    for (let at = 0; at < this.flat.length && next <= last; at += 2) {
      const from = this.flat[at] ?? 0
      if (from > next) gaps.push([next, Math.min(from - 1, last)])
      next = (this.flat[at + 1] ?? 0) + 1
    }
    if (next <= last) gaps.push([next, last])
    return gaps
  }

  /** Index of the first range that ends at `number` or later; `flat.length` when there is none. */
  #find(number: number): number {
    const { flat } = this
    // Numbers arrive nearly in order: the end is where almost all belong.
    if (flat.length === 0 || number > this.last) return flat.length
    let low = 0
    let high = flat.length / 2 - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((flat[middle * 2 + 1] ?? 0) < number) low = middle + 1
      else high = middle
    }
    return low * 2
  }
}

import type { Text } from '../grok/text.ts'
import { type Expression, OPENING } from './expression.ts'
import { Openings } from './opening.ts'

/**
 * States at most, if their rows lie below 65,536; a text that leads further is judged by what was seen of it until then.
 * All lines of 23 captures together led to 23 states in the middle, and to 420 of OpenStack's.
 */
const MOST_STATES = 1500
const MOST_ROWS = 1 << 16
/** Stands with the row of a state in which it is not worth while to look at more; rows have an even length. */
const DONE = 1

/**
 * Tells which of many expressions a text may fit, by its first characters: all of them are followed at once, as states
 * of one automaton that is made as texts come. Of a dataset's dozens that are mostly one or two, found in 0.03 µs;
 * trying an expression that fails costs 0.02 to 0.2.
 */
export class Chooser<T> {
  readonly #openings: Openings
  /** By ASCII code: characters of one class are the same to all expressions. */
  readonly #classes: Uint8Array
  readonly #members: number[]
  /** A row for each state: by class, where the row begins of the state that comes next; 0: not known yet. */
  #rows = new Uint16Array(0)
  readonly #width: number
  readonly #first: number
  readonly #done: boolean[] = [true]
  readonly #steps: number[][] = [[]]
  /** By state: the answer for the expressions that are left, and for those left if the text ends here. */
  readonly #left: T[] = []
  readonly #leftAtEnd: T[] = []
  readonly #answer: (left: readonly number[]) => T
  readonly #known = new Map<string, number>()

  /**
   * @param expressions null: nothing is known of it
   * @param answer made once for those that are left, given by index and in order
   */
  constructor(expressions: readonly (Expression | null)[], answer: (left: readonly number[]) => T) {
    this.#answer = answer
    this.#left.push(answer([]))
    this.#leftAtEnd.push(answer([]))
    const openings = new Openings(expressions)
    this.#openings = openings
    const { classes, members } = classesOf(openings)
    this.#classes = classes
    this.#members = members
    this.#width = members.length + (members.length & 1)
    this.#first = this.#rowOf(this.#state(openings.reached(openings.starts)))
  }

  /** The answer for those that the text may fit. */
  choose({ memory, from, to }: Text): T {
    const classes = this.#classes
    const { bytes } = memory
    const length = Math.min(to - from, OPENING)
    let rows = this.#rows
    let row = this.#first
    let i = 0
    while (i < length && (row & DONE) === 0) {
      const code = bytes[from + i]
      // A character of several.
      if (code > 127) break
      const class_ = classes[code]
      let to = rows[row + class_]
      if (to === 0) {
        to = this.#follow(row, class_)
        if (to === 0) break
        rows = this.#rows
      }
      row = to
      i++
    }
    row &= ~DONE
    const state = row / this.#width
    return from + i === to ? this.#leftAtEnd[state] : this.#left[state]
  }

  /** The state after a character of the class; 0: there are too many states. */
  #follow(row: number, class_: number): number {
    const count = this.#steps.length
    if (count === MOST_STATES || (count + 1) * this.#width > MOST_ROWS) return 0
    const openings = this.#openings
    const code = this.#members[class_]
    const taken = this.#steps[row / this.#width].filter((step) => openings.takes(step, code))
    const to = this.#rowOf(this.#state(openings.reached(taken.map((step) => openings.after(step)))))
    this.#rows[row + class_] = to
    return to
  }

  #state(reached: number[]): number {
    const openings = this.#openings
    // An expression that takes anything from here on can't be ruled out.
    const sure = new Set(reached.filter((step) => openings.loops(step)).map((step) => openings.ownerOf(step)))
    const steps = [
      ...reached.filter((step) => !sure.has(openings.ownerOf(step))),
      ...[...sure].map((owner) => openings.ends[owner]),
    ]
    steps.sort((a, b) => a - b)
    const key = steps.join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const state = this.#steps.push(steps) - 1
    this.#known.set(key, state)
    const end = this.#steps.length * this.#width
    if (end > this.#rows.length) {
      const longer = new Uint16Array(end * 2)
      longer.set(this.#rows)
      this.#rows = longer
    }
    const left = [...new Set(steps.map((step) => openings.ownerOf(step)))]
    this.#left.push(this.#answer(left))
    this.#leftAtEnd.push(this.#answer([...sure].sort((a, b) => a - b)))
    // One that is left alone is tried: that tells more than further characters, in about the same time.
    this.#done[state] = steps.length === sure.size || left.length === 1
    return state
  }

  #rowOf(state: number): number {
    return state * this.#width + (this.#done[state] ? DONE : 0)
  }
}

/** Divides the characters by the sets that they are in. `members`: one of each class. */
function classesOf({ sets }: Openings): { classes: Uint8Array; members: number[] } {
  let classes = new Uint8Array(128)
  for (const set of sets) {
    if (set === null) continue
    const numbers = new Map<number, number>()
    classes = classes.map((class_, code) => {
      const both = class_ * 2 + set[code]
      const number = numbers.get(both) ?? numbers.size
      numbers.set(both, number)
      return number
    })
  }
  const members: number[] = []
  for (const [code, class_] of classes.entries()) members[class_] ??= code
  return { classes, members }
}

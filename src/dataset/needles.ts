import { Text } from '../grok/text.ts'
import { Needle } from './needle.ts'

/**
 * Texts that patterns require, looked for in one text after the other. Many patterns require the same, and each text is
 * asked for it once. Most texts lack a character of what is looked for, which is known beforehand.
 */
export class Needles {
  readonly #needles: Needle[] = []
  /** By needle: the turn when it was looked for, times two, and one if it was found. */
  #answers = new Int32Array(64)
  #turn = 1
  #text = new Text()

  /** The number that stands for the needle. */
  number(needle: string): number {
    const known = this.#needles.findIndex(({ text }) => text === needle)
    if (known >= 0) return known
    const number = this.#needles.push(new Needle(needle)) - 1
    if (number === this.#answers.length) this.#answers = new Int32Array(number * 2)
    return number
  }

  /** The text that is asked from now on, of the same line as the one before. */
  set text(text: Text) {
    if (text !== this.#text) this.begin(text)
  }

  /** Begins with the text of another line. */
  begin(text: Text): void {
    this.#text = text
    if (++this.#turn < LAST_TURN) return
    this.#answers.fill(0)
    this.#turn = 1
  }

  hasAll(numbers: readonly number[]): boolean {
    for (let i = 0; i < numbers.length; i++) if (!this.has(numbers[i])) return false
    return true
  }

  has(number: number): boolean {
    const needle = this.#needles[number]
    const { characters } = needle
    if ((this.#text.characters & characters) !== characters) return false
    const answer = this.#answers[number]
    if (answer >> 1 === this.#turn) return (answer & 1) === 1
    const found = needle.isIn(this.#text)
    this.#answers[number] = (this.#turn << 1) | (found ? 1 : 0)
    return found
  }
}

const LAST_TURN = 1 << 29

const SHORTEST = 4
/** What texts have seldom, the most seldom first; then letters by how often they are used. */
const SELDOM = [/[%{}|\\^~@#$&;<>"[\]()]/, /[A-Z]/, /[0-9_:=/]/]
const LETTERS = [/[jqxz]/, /[bkvwy]/, /[fgp]/, /[a-z]/]

/**
 * The end of a needle that begins with its rarest character: V8 looks for the first character first. For a letter's
 * sake at least half of it is kept, since what is left must not be in many more texts.
 */
export function rarestEnd(needle: string): string {
  const beginning = needle.slice(0, Math.max(1, needle.length - SHORTEST + 1))
  const half = beginning.slice(0, Math.ceil(needle.length / 2))
  const places = [...SELDOM.map((kind) => beginning.search(kind)), ...LETTERS.map((kind) => half.search(kind))]
  return needle.slice(places.find((place) => place >= 0) ?? 0)
}

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

  /** The text that is asked from now on: another one, or the one before. */
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

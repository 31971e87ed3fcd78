import { EACH, hasZero } from '../event/word.ts'
import { charactersIn } from '../grok/characters.ts'
import type { Text } from '../grok/text.ts'

/**
 * A text that is looked for in others, among their bytes: 0.05 µs for 200 of them. `includes` takes 0.02 to 0.04, but a
 * string has to be made for it, which takes 0.1 and leaves garbage.
 */
export class Needle {
  readonly text: string
  /** A text that has it has all of these. */
  readonly characters: number
  readonly #bytes: Uint8Array
  /** The first character and the second, four times each; the second of one character is the same again. */
  readonly #first: number
  readonly #second: number
  readonly #step: number

  constructor(text: string) {
    this.text = text
    this.characters = charactersIn(text)
    this.#bytes = Buffer.from(text)
    this.#step = this.#bytes.length > 1 ? 1 : 0
    this.#first = ((this.#bytes[0] ?? 0) * EACH) | 0
    this.#second = ((this.#bytes[this.#step] ?? 0) * EACH) | 0
  }

  isIn(text: Text): boolean {
    // Otherwise what looks the same may be other bytes, and the other way round.
    return text.isAscii ? this.#isInBytes(text) : text.string.includes(this.text)
  }

  #isInBytes({ memory: { bytes, view }, from, to }: Text): boolean {
    const first = this.#first
    const second = this.#second
    const step = this.#step
    const last = to - this.#bytes.length
    let at = from
    for (; at + 4 + step <= to; at += 4) {
      // A byte is 0 where both characters stand.
      const other = (view.getInt32(at, true) ^ first) | (view.getInt32(at + step, true) ^ second)
      if (!hasZero(other)) continue
      for (let place = at; place < at + 4; place++) if (place <= last && this.#isAt(bytes, place)) return true
    }
    for (; at <= last; at++) if (this.#isAt(bytes, at)) return true
    return false
  }

  #isAt(bytes: Uint8Array, place: number): boolean {
    const own = this.#bytes
    for (let i = 0; i < own.length; i++) if (bytes[place + i] !== own[i]) return false
    return true
  }
}

import { EACH, hasZero } from '../event/word.ts'
import { charactersIn } from '../grok/characters.ts'
import type { Text } from '../grok/text.ts'

/** What texts have seldom, the most seldom first; then letters by how often they are used. */
const SELDOM = [/[%{}|\\^~@#$&;<>"[\]()]/, /[A-Z]/, /[0-9_:=/]/, /[jqxz]/, /[bkvwy]/, /[fgp]/, /[a-z]/]

/**
 * A text that is looked for in others, among their bytes: 0.05 µs for 200 of them. `includes` takes 0.02 to 0.04, but a
 * string has to be made for it, which takes 0.1 and leaves garbage.
 */
export class Needle {
  readonly text: string
  /** A text that has it has all of these. */
  readonly characters: number
  readonly #bytes: Uint8Array
  /** Where its rarest character stands, with which the search begins: that and the next, four times each. */
  readonly #rarest: number
  readonly #first: number
  readonly #second: number
  /** From one to the other: of one character the second is the same again. */
  readonly #step: number

  constructor(text: string) {
    this.text = text
    this.characters = charactersIn(text)
    const bytes = Buffer.from(text)
    this.#bytes = bytes
    this.#step = bytes.length > 1 ? 1 : 0
    this.#rarest = Math.max(0, Math.min(rarestPlace(bytes.toString('latin1')), bytes.length - 2))
    this.#first = ((bytes[this.#rarest] ?? 0) * EACH) | 0
    this.#second = ((bytes[this.#rarest + this.#step] ?? 0) * EACH) | 0
  }

  isIn(text: Text): boolean {
    // Otherwise what looks the same may be other bytes, and the other way round.
    return text.isAscii ? this.#isInBytes(text) : text.string.includes(this.text)
  }

  #isInBytes({ memory: { bytes, view }, from, to }: Text): boolean {
    const first = this.#first
    const second = this.#second
    const step = this.#step
    const rarest = this.#rarest
    const last = to - this.#bytes.length
    const end = to - step
    let at = from + rarest
    for (; at + 4 <= end; at += 4) {
      // A byte is 0 where both characters stand.
      const other = (view.getInt32(at, true) ^ first) | (view.getInt32(at + step, true) ^ second)
      if (!hasZero(other)) continue
      const place = at - rarest
      for (let i = place; i < place + 4; i++) if (i <= last && this.#isAt(bytes, i)) return true
    }
    for (at -= rarest; at <= last; at++) if (this.#isAt(bytes, at)) return true
    return false
  }

  #isAt(bytes: Uint8Array, place: number): boolean {
    const own = this.#bytes
    for (let i = 0; i < own.length; i++) if (bytes[place + i] !== own[i]) return false
    return true
  }
}

function rarestPlace(text: string): number {
  return SELDOM.map((kind) => text.search(kind)).find((place) => place >= 0) ?? 0
}

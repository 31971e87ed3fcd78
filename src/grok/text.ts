import { Memory } from '../event/memory.ts'
import { charactersOf, ESCAPED } from './characters.ts'

/** Characters of a line that patterns see: what a hostile line can cost is bounded. */
export const TEXT_LENGTH = 8192

const NOTHING = new Memory(new Uint8Array(0))

/**
 * A text that patterns are tried on: its bytes where they lie, and a string only when somebody asks for it. Used again
 * for later texts.
 */
export class Text {
  memory = NOTHING
  from = 0
  to = 0
  /** Which characters it has, and maybe more: see `charactersOf`. */
  characters = 0
  /** The bytes are written over when the next text comes. */
  isBrief = false
  #own = NOTHING
  #string: string | null = ''

  /** Bytes [from, to) of the memory. */
  ofBytes(memory: Memory, from: number, to: number): this {
    const end = Math.min(to, from + TEXT_LENGTH)
    this.memory = memory
    this.from = from
    this.characters = charactersOf(memory, from, to)
    this.to = this.isAscii ? end : to
    this.isBrief = false
    this.#string = null
    return this
  }

  ofString(string: string): this {
    const text = string.length > TEXT_LENGTH ? string.slice(0, TEXT_LENGTH) : string
    if (this.#own.bytes.length < text.length * 3) this.#own = new Memory(Buffer.allocUnsafeSlow(text.length * 3 + 64))
    this.memory = this.#own
    this.from = 0
    this.to = this.#own.write(text, 0)
    this.characters = charactersOf(this.#own, 0, this.to)
    this.isBrief = true
    this.#string = text
    return this
  }

  /** A part of another text that is all ASCII. */
  partOf(text: Text, from: number, to: number): this {
    this.memory = text.memory
    this.from = from
    this.to = to
    this.characters = text.characters
    this.isBrief = text.isBrief
    this.#string = null
    return this
  }

  /** The same bytes, which must not be brief. */
  sameAs(other: Text): void {
    this.memory = other.memory
    this.from = other.from
    this.to = other.to
    this.characters = other.characters
    this.isBrief = false
    this.#string = other.#string
  }

  /** Nothing but ASCII, so that each byte is a character. */
  get isAscii(): boolean {
    return this.characters >= 0
  }

  /** Nothing that JSON escapes. */
  get isPlain(): boolean {
    return (this.characters & ESCAPED) === 0
  }

  get string(): string {
    if (this.#string === null) {
      const string = this.memory.text(this.from, this.to)
      this.#string = string.length > TEXT_LENGTH ? string.slice(0, TEXT_LENGTH) : string
    }
    return this.#string
  }
}

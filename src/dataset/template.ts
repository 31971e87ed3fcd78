import { copyWords } from '../event/piece.ts'
import type { Enrichment, Matches } from './enrichment.ts'
import { capturesOf, type Member, placeOf } from './members.ts'
import { putText } from './values.ts'

/** Where a group of the event's members ends, see GROUPS. */
export const END = Symbol('end')

/**
 * A part of a template: JSON as it stands, a group whose capture stands there as the inside of a string or as a number
 * (negated: one of the header), or what decides by itself what to write.
 */
export type Part = string | number | Member | typeof END

/** How a step is told that is no group: the end of a group of members; a member, by its place. */
const END_STEP = 0
const MEMBER_STEP = 1 << 16

/** Texts of templates, together: hundreds of them take turns, and what is scattered is not in the cache when its turn comes. */
class Texts {
  static readonly #SIZE = 64 << 10
  static #newest = new Texts(0)
  readonly view: DataView
  readonly #bytes: Buffer
  #used = 0

  constructor(size: number) {
    // Copied by eight bytes.
    this.#bytes = Buffer.alloc(size + 8)
    this.view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset)
  }

  static withRoom(size: number): Texts {
    const { length } = Texts.#newest.#bytes
    if (Texts.#newest.#used + size + 8 > length) Texts.#newest = new Texts(Math.max(size, Texts.#SIZE))
    return Texts.#newest
  }

  /** Returns where it begins. */
  add(text: string): number {
    const from = this.#used
    this.#used += this.#bytes.write(text, from)
    return from
  }
}

/** Members of an event, put together from what is the same for all lines and what was captured. */
export class Template implements Member {
  readonly #view: DataView
  /** Begin and end of a text, and what comes then; the last is a text alone. */
  readonly #steps: number[] = []
  readonly #members: Member[] = []

  constructor(parts: readonly Part[]) {
    const texts = ['']
    const between: number[] = []
    for (const part of parts) {
      if (typeof part === 'string') texts[texts.length - 1] += part
      else {
        texts.push('')
        if (typeof part === 'object') between.push(MEMBER_STEP + this.#members.push(part) - 1)
        else between.push(part === END ? END_STEP : part)
      }
    }
    const memory = Texts.withRoom(Buffer.byteLength(texts.join('')))
    this.#view = memory.view
    for (const [i, text] of texts.entries()) {
      const from = memory.add(text)
      this.#steps.push(from, from + Buffer.byteLength(text))
      if (i < between.length) this.#steps.push(between[i])
    }
  }

  write(out: Enrichment, matches: Matches): void {
    const steps = this.#steps
    const last = steps.length - 2
    let ends = 0
    for (let i = 0; i < last; i += 3) {
      this.#put(out, steps[i], steps[i + 1])
      const step = steps[i + 2]
      if (step === END_STEP) out.ends[ends++] = out.used
      else if (step >= MEMBER_STEP) this.#members[step - MEMBER_STEP].write(out, matches)
      else {
        const { memory, ranges } = capturesOf(step, matches)
        const at = placeOf(step)
        putText(out, memory, ranges[at], ranges[at + 1])
      }
    }
    this.#put(out, steps[last], steps[last + 1])
  }

  #put(out: Enrichment, from: number, to: number): void {
    const length = to - from
    out.ensure(length)
    copyWords(out.view, out.used, this.#view, from, length)
    out.used += length
  }
}

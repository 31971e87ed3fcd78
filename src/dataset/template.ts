import { Piece } from '../event/piece.ts'
import type { Enrichment } from './enrichment.ts'
import type { Matches, Member } from './members.ts'
import { putText } from './values.ts'

/**
 * A part of a template: JSON as it stands, a group whose capture stands there as the inside of a string or as a number
 * (negated: one of the header), or what decides by itself what to write.
 */
export type Part = string | number | Member

/** No group has this number: a member stands there. */
const MEMBER = 0

/** Members of an event, put together from what is the same for all lines and what was captured. */
export class Template implements Member {
  /** One in front of each place that is filled, and the last. */
  readonly #pieces: readonly Piece[]
  readonly #groups: readonly number[]
  readonly #members: readonly (Member | null)[]

  constructor(parts: readonly Part[]) {
    const texts = ['']
    const filled = []
    for (const part of parts) {
      if (typeof part === 'string') texts[texts.length - 1] += part
      else {
        filled.push(part)
        texts.push('')
      }
    }
    this.#pieces = texts.map((text) => new Piece(text))
    this.#groups = filled.map((part) => (typeof part === 'number' ? part : MEMBER))
    this.#members = filled.map((part) => (typeof part === 'number' ? null : part))
  }

  write(out: Enrichment, matches: Matches): void {
    const { header, body } = matches
    const pieces = this.#pieces
    const groups = this.#groups
    const { length } = groups
    for (let i = 0; i < length; i++) {
      out.put(pieces[i])
      const group = groups[i]
      if (group === MEMBER) this.#members[i]?.write(out, matches)
      else putText(out, (group < 0 ? header?.[-group] : body?.[group]) ?? '')
    }
    out.put(pieces[length])
  }
}

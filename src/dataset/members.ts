import { Piece } from '../event/piece.ts'
import type { Enrichment, Matches } from './enrichment.ts'
import { WRITERS } from './values.ts'

const COMMA = 0x2c
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

/**
 * Groups that a field's value is captured by, in order: those of the pattern as they are numbered, those of the header
 * negated.
 */
export type Groups = readonly number[]

/** The first of the groups that took part and is not empty. */
export function captured(groups: Groups, { header, body }: Matches): string | undefined {
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]
    const text = group < 0 ? header?.[-group] : body?.[group]
    if (text !== undefined && text !== '') return text
  }
  return undefined
}

/** A part of the event. Writes `,"key":value`, or nothing. */
export interface Member {
  write(out: Enrichment, matches: Matches): void
}

function keyPiece(key: string): Piece {
  return new Piece(`,${JSON.stringify(key)}:`)
}

/** Says what the enrichment has, see HAS_…. */
export class Mark implements Member {
  readonly #has: number

  constructor(has: number) {
    this.#has = has
  }

  write(out: Enrichment): void {
    out.has |= this.#has
  }
}

/** An object that is written when it has any member. */
export class ObjectMember implements Member {
  readonly #key: Piece
  readonly #inside: Member

  /** @param inside writes its members, each with a comma in front */
  constructor(key: string, inside: Member) {
    this.#key = keyPiece(key)
    this.#inside = inside
  }

  write(out: Enrichment, matches: Matches): void {
    const before = out.used
    out.put(this.#key)
    const start = out.used
    this.#inside.write(out, matches)
    if (out.used === start) {
      out.used = before
      return
    }
    // The first member's comma.
    out.bytes[start] = OPEN
    out.add(CLOSE)
  }
}

/** Writes a value for what was captured; false: it is not of the field's type. */
export type TextWriter = (out: Enrichment, text: string) => boolean

/** A field's value. */
export class FieldMember implements Member {
  readonly #key: Piece
  readonly #groups: Groups
  readonly #value: TextWriter
  readonly #has: number
  readonly #otherwise: Member | null

  /**
   * @param has what the enrichment then has, see HAS_…
   * @param otherwise written when there is no value
   */
  constructor(key: string, groups: Groups, value: TextWriter, has = 0, otherwise: Member | null = null) {
    this.#key = keyPiece(key)
    this.#groups = groups
    this.#value = value
    this.#has = has
    this.#otherwise = otherwise
  }

  write(out: Enrichment, matches: Matches): void {
    const text = captured(this.#groups, matches)
    if (text !== undefined) {
      const before = out.used
      out.put(this.#key)
      const value = this.#value
      if (value(out, text)) {
        out.has |= this.#has
        return
      }
      out.used = before
    }
    if (this.#otherwise !== null) this.#otherwise.write(out, matches)
  }
}

/** Writes a value for a line; false: there is none. */
export type Value = (out: Enrichment, matches: Matches) => boolean

/** What takes more than a text that was captured. */
export class ValueMember implements Member {
  readonly #key: Piece
  readonly #value: Value
  readonly #otherwise: Member | null

  /** @param otherwise written when there is no value */
  constructor(key: string, value: Value, otherwise: Member | null = null) {
    this.#key = keyPiece(key)
    this.#value = value
    this.#otherwise = otherwise
  }

  write(out: Enrichment, matches: Matches): void {
    const before = out.used
    out.put(this.#key)
    if (this.#value(out, matches)) return
    out.used = before
    this.#otherwise?.write(out, matches)
  }
}

/** Which texts of some groups a list takes. */
export interface ListPart {
  groups: Groups
  wants: (text: string) => boolean
}

/** The values of several fields as one list, each once. */
export class ListMember implements Member {
  readonly #key: Piece
  readonly #parts: readonly ListPart[]
  readonly #texts: string[] = []

  constructor(key: string, parts: readonly ListPart[]) {
    this.#key = keyPiece(key)
    this.#parts = parts
  }

  write(out: Enrichment, { header, body }: Matches): void {
    const parts = this.#parts
    const texts = this.#texts
    let count = 0
    for (let part = 0; part < parts.length; part++) {
      const { groups, wants } = parts[part]
      for (let i = 0; i < groups.length; i++) {
        const group = groups[i]
        const text = group < 0 ? header?.[-group] : body?.[group]
        if (text === undefined || text === '' || !wants(text)) continue
        let known = 0
        while (known < count && texts[known] !== text) known++
        if (known === count) texts[count++] = text
      }
    }
    if (count === 0) return
    out.put(this.#key)
    const start = out.used
    for (let i = 0; i < count; i++) {
      out.add(COMMA)
      WRITERS.keyword(out, texts[i])
    }
    out.bytes[start] = OPEN_LIST
    out.add(CLOSE_LIST)
  }
}

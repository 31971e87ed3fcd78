import type { Memory } from '../event/memory.ts'
import { Piece } from '../event/piece.ts'
import type { Captures } from '../grok/captures.ts'
import type { Enrichment, Matches } from './enrichment.ts'
import { type ValueWriter, WRITERS } from './values.ts'

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

/** The first of the groups that took part and is not empty; 0: none of them. */
export function firstOf(groups: Groups, matches: Matches): number {
  for (let i = 0; i < groups.length; i++) {
    const { ranges } = capturesOf(groups[i], matches)
    const at = placeOf(groups[i])
    // One that took no part has -1 twice.
    if (ranges[at] !== ranges[at + 1]) return groups[i]
  }
  return 0
}

/** Those that the group is one of. */
export function capturesOf(group: number, { header, body }: Matches): Captures {
  return group < 0 ? header : body
}

/** Where the group's range stands in them. */
export function placeOf(group: number): number {
  return group < 0 ? -2 * group : 2 * group
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

/** A field's value. */
export class FieldMember implements Member {
  readonly #key: Piece
  readonly #groups: Groups
  readonly #value: ValueWriter
  readonly #has: number
  readonly #otherwise: Member | null

  /**
   * @param has what the enrichment then has, see HAS_…
   * @param otherwise written when there is no value
   */
  constructor(key: string, groups: Groups, value: ValueWriter, has = 0, otherwise: Member | null = null) {
    this.#key = keyPiece(key)
    this.#groups = groups
    this.#value = value
    this.#has = has
    this.#otherwise = otherwise
  }

  write(out: Enrichment, matches: Matches): void {
    const group = firstOf(this.#groups, matches)
    if (group !== 0) {
      const { memory, ranges } = capturesOf(group, matches)
      const at = placeOf(group)
      const before = out.used
      out.put(this.#key)
      const value = this.#value
      if (value(out, memory, ranges[at], ranges[at + 1])) {
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
  wants: (memory: Memory, from: number, to: number) => boolean
}

/** The values of several fields as one list, each once. */
export class ListMember implements Member {
  readonly #key: Piece
  readonly #parts: readonly ListPart[]
  /** Values so far: their memory, and where they begin and end in it. */
  readonly #memories: Memory[] = []
  readonly #ranges: number[] = []

  constructor(key: string, parts: readonly ListPart[]) {
    this.#key = keyPiece(key)
    this.#parts = parts
  }

  write(out: Enrichment, matches: Matches): void {
    const parts = this.#parts
    const memories = this.#memories
    const taken = this.#ranges
    let count = 0
    for (let part = 0; part < parts.length; part++) {
      const { groups, wants } = parts[part]
      for (let i = 0; i < groups.length; i++) {
        const { memory, ranges } = capturesOf(groups[i], matches)
        const at = placeOf(groups[i])
        const from = ranges[at]
        const to = ranges[at + 1]
        if (from === to || !wants(memory, from, to) || this.#has(count, memory, from, to)) continue
        memories[count] = memory
        taken[2 * count] = from
        taken[2 * count + 1] = to
        count++
      }
    }
    if (count === 0) return
    out.put(this.#key)
    const start = out.used
    for (let i = 0; i < count; i++) {
      out.add(COMMA)
      WRITERS.keyword(out, memories[i], taken[2 * i], taken[2 * i + 1])
    }
    out.bytes[start] = OPEN_LIST
    out.add(CLOSE_LIST)
  }

  /** True when the same bytes are among the first `count` values. */
  #has(count: number, { bytes }: Memory, from: number, to: number): boolean {
    for (let i = 0; i < count; i++) {
      const start = this.#ranges[2 * i]
      const length = to - from
      if (this.#ranges[2 * i + 1] - start !== length) continue
      const other = this.#memories[i].bytes
      let k = 0
      while (k < length && other[start + k] === bytes[from + k]) k++
      if (k === length) return true
    }
    return false
  }
}

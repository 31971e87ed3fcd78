import type { Enrichment } from './enrichment.ts'
import { WRITERS } from './values.ts'

const COMMA = 0x2c
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

/** What a line's text gave: the header's captures and the pattern's, and the text itself. */
export interface Matches {
  header: RegExpExecArray | null
  body: RegExpExecArray | null
  text: string
}

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

function keyBytes(key: string): Buffer {
  return Buffer.from(`,${JSON.stringify(key)}:`)
}

function append(out: Enrichment, piece: Uint8Array): void {
  const { length } = piece
  out.ensure(length)
  const { bytes } = out
  let o = out.used
  if (length > 48) bytes.set(piece, o)
  else for (let i = 0; i < length; i++) bytes[o + i] = piece[i]
  o += length
  out.used = o
}

/** The same for all lines. */
export class ConstantMember implements Member {
  readonly #bytes: Buffer
  constructor(key: string, value: unknown) {
    this.#bytes = Buffer.from(`,${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }
  write(out: Enrichment): void {
    append(out, this.#bytes)
  }
}

export class ObjectMember implements Member {
  readonly #key: Buffer
  readonly #members: Member[]
  constructor(key: string, members: Member[]) {
    this.#key = keyBytes(key)
    this.#members = members
  }
  write(out: Enrichment, matches: Matches): void {
    const before = out.used
    append(out, this.#key)
    const start = out.used
    const members = this.#members
    for (let i = 0; i < members.length; i++) members[i].write(out, matches)
    if (out.used === start) {
      out.used = before
      return
    }
    // The first member's comma.
    out.bytes[start] = OPEN
    out.ensure(1)
    out.bytes[out.used++] = CLOSE
  }
}

/** Writes a value for what was captured; false: there is none, or it is not of the field's type. */
export type Value = (out: Enrichment, matches: Matches) => boolean

export class ValueMember implements Member {
  readonly #key: Buffer
  readonly #value: Value
  readonly #has: number
  readonly #otherwise: Member | null

  /**
   * @param has what the enrichment then has, see HAS_…
   * @param otherwise written when there is no value
   */
  constructor(key: string, value: Value, has = 0, otherwise: Member | null = null) {
    this.#key = keyBytes(key)
    this.#value = value
    this.#has = has
    this.#otherwise = otherwise
  }

  write(out: Enrichment, matches: Matches): void {
    const before = out.used
    append(out, this.#key)
    if (this.#value(out, matches)) out.has |= this.#has
    else {
      out.used = before
      this.#otherwise?.write(out, matches)
    }
  }
}

/** The values of several fields as one list, each once. */
export class ListMember implements Member {
  readonly #key: Buffer
  readonly #parts: readonly { groups: Groups; wants: (text: string) => boolean }[]
  readonly #texts: string[] = []

  constructor(key: string, parts: readonly { groups: Groups; wants: (text: string) => boolean }[]) {
    this.#key = keyBytes(key)
    this.#parts = parts
  }

  write(out: Enrichment, matches: Matches): void {
    const texts = this.#texts
    texts.length = 0
    for (const { groups, wants } of this.#parts) {
      for (let i = 0; i < groups.length; i++) {
        const group = groups[i]
        const text = group < 0 ? matches.header?.[-group] : matches.body?.[group]
        if (text !== undefined && text !== '' && wants(text) && !texts.includes(text)) texts.push(text)
      }
    }
    if (texts.length === 0) return
    append(out, this.#key)
    const start = out.used
    for (let i = 0; i < texts.length; i++) {
      out.ensure(1)
      out.bytes[out.used++] = COMMA
      WRITERS.keyword(out, texts[i])
    }
    out.bytes[start] = OPEN_LIST
    out.ensure(1)
    out.bytes[out.used++] = CLOSE_LIST
  }
}

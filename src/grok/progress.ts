import { compileGrok } from './compile.ts'
import type { PatternLibrary } from './library.ts'
import { choicesOf, type Piece } from './pieces.ts'

/** How far a pattern gets through a text. */
export interface Progress {
  /** Characters that it gets through. */
  offset: number
  /** The piece of it that is wanted there, such as `%{INT:bytes}`; empty: it gets through with nothing wanted. */
  wanted: string
}

/** Characters of a text that are looked at: whatever the pieces, that bounds what they cost. */
const LENGTH = 512
/** Pieces that may have taken too much of the text: they are tried again together with the one that fails. */
const BACK = 4
const MAX_DEPTH = 20

/**
 * Says how far patterns get through texts: an estimate, 1 to 30 µs a pattern, from pieces that are matched one after the
 * other and compiled when they are first reached. `explain` finds out exactly, in 10 to 300 ms.
 */
export class ProgressMeter {
  readonly #library: PatternLibrary
  readonly #regexes = new Map<string, RegExp | null>()
  readonly #choices = new Map<string, Piece[][]>()
  /** Pieces tried so far, 0.2 µs each. */
  tried = 0

  constructor(library: PatternLibrary) {
    this.#library = library
  }

  measure(pattern: string, text: string): Progress {
    return this.#furthest(pattern.replace(/^(?:\^|\\A)/, ''), text.slice(0, LENGTH), 0, 0)
  }

  #furthest(pattern: string, text: string, at: number, depth: number): Progress {
    let choices = this.#choices.get(pattern)
    if (choices === undefined) {
      choices = choicesOf(pattern)
      this.#choices.set(pattern, choices)
    }
    return choices
      .map((pieces) => this.#sequence(pieces, text, at, depth))
      .reduce((a, b) => (b.offset > a.offset ? b : a))
  }

  #sequence(pieces: readonly Piece[], text: string, start: number, depth: number): Progress {
    const starts: number[] = []
    let at = start
    for (let i = 0; i < pieces.length; i++) {
      starts.push(at)
      let end = this.#end(pieces[i].text, text, at)
      let joined = pieces[i].text
      for (let back = i - 1; end < 0 && back >= 0 && back >= i - BACK; back--) {
        joined = pieces[back].text + joined
        end = this.#end(joined, text, starts[back])
      }
      if (end < 0) return this.#within(wholeWord(pieces, i), text, at, depth)
      at = end
    }
    return { offset: at, wanted: '' }
  }

  /** The piece as a whole does not match at the place: how far what it is made of does. */
  #within({ kind, inner, text: wanted }: Piece, text: string, at: number, depth: number): Progress {
    const made = kind === 'reference' ? this.#library.get(inner) : kind === 'group' ? inner : undefined
    if (made === undefined || depth === MAX_DEPTH) return { offset: at, wanted }
    const progress = this.#furthest(made, text, at, depth + 1)
    if (progress.offset === at || progress.wanted === '') return { offset: at, wanted }
    // A name says more than what it stands for, and one with a field more than those that it is made of.
    const saysMore = kind === 'reference' && (wanted.includes(':') || !progress.wanted.startsWith('%{'))
    return saysMore ? { ...progress, wanted } : progress
  }

  /** Where the piece's match that begins at the place ends; -1: there is none. */
  #end(piece: string, text: string, at: number): number {
    this.tried++
    let regex = this.#regexes.get(piece)
    if (regex === undefined) {
      regex = stickyOf(piece, this.#library)
      this.#regexes.set(piece, regex)
    }
    if (regex === null) return -1
    regex.lastIndex = at
    return regex.test(text) ? regex.lastIndex : -1
  }
}

/** Of a word, what of it is wanted. */
function wholeWord(pieces: readonly Piece[], at: number): Piece {
  const isPlain = ({ kind, quantifier }: Piece) => kind === 'literal' && quantifier === ''
  const end = pieces.findIndex((piece, i) => i >= at && !isPlain(piece))
  const word = pieces.slice(at, end < 0 ? undefined : end)
  return word.length < 2 ? pieces[at] : { ...pieces[at], text: word.map(({ text }) => text).join('') }
}

/** Parts of a pattern need not be one: `\1` alone is none. */
function stickyOf(piece: string, library: PatternLibrary): RegExp | null {
  try {
    const { source, flags } = compileGrok(piece, library, { anchored: false }).regex
    return new RegExp(source, `${flags}y`)
  } catch {
    return null
  }
}

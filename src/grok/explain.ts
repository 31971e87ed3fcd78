import { type CompiledGrok, compileGrok } from './compile.ts'
import type { PatternLibrary } from './library.ts'
import { choicesOf, least, type Piece } from './pieces.ts'
import { suggestionFor } from './suggestion.ts'

/** Why a line does not match a pattern. Offsets are characters from 0. */
export interface Explanation {
  /** How far the pattern came. */
  offset: number
  /** From the outermost to the innermost: the pieces in which it stopped; the last is what was wanted. */
  way: string[]
  /** The next characters of the line, up to 30. */
  next: string
  /** Null: none comes to mind. */
  suggestion: string | null
}

const NEXT = 30
const MAX_DEPTH = 20

/**
 * Finds the longest beginning of the pattern, piece by piece, that the line matches, then looks into the piece that
 * stopped it in the same way.
 * @returns null when the line matches
 * @throws GrokError when the pattern is none
 */
export function explain(pattern: string, library: PatternLibrary, line: string): Explanation | null {
  if (compileGrok(pattern, library).regex.test(line)) return null
  const probe = new Probe(library, line)
  const { offset, frames } = descend(probe, '', pattern.replace(/^(?:\^|\\A)/, ''), 0)
  const way = frames.map(({ piece }) => piece.text)
  const next = line.slice(offset, offset + NEXT)
  const suggestion = suggestionFor({ probe, pattern, frames, offset })
  return { offset, way, next, suggestion }
}

/** Tries patterns on the line. */
export class Probe {
  readonly line: string
  readonly library: PatternLibrary
  readonly #known = new Map<string, number>()

  constructor(library: PatternLibrary, line: string) {
    this.library = library
    this.line = line
  }

  /** Where the pattern's match, from the start of the line, ends; -1: it does not match. */
  end(pattern: string): number {
    let end = this.#known.get(pattern)
    if (end === undefined) {
      end = -1
      const grok = this.compiled(pattern)
      const match = grok?.regex.exec(this.line)
      if (match) end = match[0].length
      this.#known.set(pattern, end)
    }
    return end
  }

  /** Where a match anywhere in the line begins; -1: there is none. */
  search(pattern: string): number {
    return this.compiled(pattern, false)?.regex.exec(this.line)?.index ?? -1
  }

  /** Parts of a pattern need not be one: `(a)` goes, `\1` alone does not. */
  compiled(pattern: string, anchored = true): CompiledGrok | null {
    try {
      const grok = compileGrok(pattern, this.library, { anchored })
      grok.regex.test('')
      return grok
    } catch {
      return null
    }
  }
}

/** A piece that the line does not match, with the pattern's text before and behind it. */
export interface Frame {
  before: string
  piece: Piece
  after: string
}

interface Stop {
  offset: number
  /** From the outermost to the innermost. */
  frames: Frame[]
}

/** `before`: a pattern that the line begins with; `inner` does not go on from there. */
function descend(probe: Probe, before: string, inner: string, depth: number): Stop {
  const stops = choicesOf(inner).map((pieces) => descendSequence(probe, before, pieces, depth))
  // Of two that came as far, the one that says more.
  const isBetter = (a: Stop, b: Stop) =>
    b.offset > a.offset || (b.offset === a.offset && b.frames.length > a.frames.length)
  return stops.reduce((a, b) => (isBetter(a, b) ? b : a))
}

function descendSequence(probe: Probe, before: string, pieces: readonly Piece[], depth: number): Stop {
  const text = (to: number) => before + joined(pieces.slice(0, to))
  // Whatever a longer beginning matches, a shorter one matches too.
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (probe.end(text(middle)) >= 0) low = middle
    else high = middle - 1
  }
  const piece = pieces[low]
  const offset = Math.max(0, probe.end(text(low)))
  if (piece === undefined) return { offset, frames: [] }
  const frame = { before: text(low), piece, after: joined(pieces.slice(low + 1)) }
  const stop = { offset, frames: [frame] }
  const inner = innerOf(piece, probe.library)
  if (inner === null || depth >= MAX_DEPTH) {
    const word = wholeWord(pieces, low)
    return word === null ? stop : { ...stop, frames: [{ ...frame, ...word }] }
  }
  let from = frame.before
  const once = piece.text.slice(0, piece.text.length - piece.quantifier.length)
  for (let times = 1; times < least(piece) && probe.end(from + once) >= 0; times++) from += once
  const deeper = descend(probe, from, inner, depth + 1)
  // What matches by itself, but not here, says nothing: a look-behind, or a match that had to give way.
  if (deeper.frames.length === 0) return stop
  const frames = deeper.frames.map((one) => ({ ...one, after: one.after + frame.after }))
  return { ...deeper, offset: Math.max(offset, deeper.offset), frames: [frame, ...frames] }
}

function innerOf({ kind, inner }: Piece, library: PatternLibrary): string | null {
  if (kind === 'reference') return library.get(inner) ?? null
  return kind === 'group' ? inner : null
}

/** A word of which one letter differs is shown as a word, from that letter on. */
function wholeWord(pieces: readonly Piece[], at: number): { piece: Piece; after: string } | null {
  const isPlain = (piece: Piece | undefined) => piece?.kind === 'literal' && piece.quantifier === ''
  let to = at
  while (isPlain(pieces[to])) to++
  if (to === at) return null
  const piece: Piece = { text: joined(pieces.slice(at, to)), quantifier: '', kind: 'literal', inner: '' }
  return { piece, after: joined(pieces.slice(to)) }
}

function joined(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('')
}

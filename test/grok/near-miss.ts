import { classEnd } from '../../src/grok/class.ts'
import type { PatternLibrary } from '../../src/grok/library.ts'
import { choicesOf, least, type Piece } from '../../src/grok/pieces.ts'

/** A number from 0 to below `below`. */
type Random = (below: number) => number

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers for the same seed. */
function randomOf(seed: number): Random {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** A text that the pattern may match, and where its pieces, those within others too, stand in it. */
interface Made {
  text: string
  pieces: { from: number; to: number }[]
}

const MOST = 2_000
/** One of each kind that classes divide characters into. */
const CHARACTERS = [...'aZ07_-. :/"\'%=,;@+#&?!<>()[]{}|\\^$*~`\t\né\u2019']

/** Writes texts along a pattern's structure. Look-around is left out, so that not all of them fit. */
class Writer {
  readonly #library: PatternLibrary
  readonly #random: Random
  #text = ''
  #pieces: Made['pieces'] = []

  constructor(library: PatternLibrary, random: Random) {
    this.#library = library
    this.#random = random
  }

  write(pattern: string): Made {
    this.#text = ''
    this.#pieces = []
    this.#sequence(pattern, 0)
    return { text: this.#text, pieces: this.#pieces }
  }

  #sequence(pattern: string, depth: number): void {
    if (this.#text.length > MOST || depth > 40) return
    const choices = choicesOf(pattern)
    for (const piece of choices[this.#random(choices.length)]) this.#repeat(piece, depth)
  }

  #repeat(piece: Piece, depth: number): void {
    if (piece.kind === 'look' || piece.kind === 'assertion') return
    const loops = /^(?:[*+]|\{\d*,)/.test(piece.quantifier)
    const times = least(piece) + (loops ? this.#random(3) : piece.quantifier.startsWith('?') ? this.#random(2) : 0)
    const from = this.#text.length
    for (let i = 0; i < Math.min(times, 20); i++) this.#once(piece, depth)
    const to = this.#text.length
    if (to > from) this.#pieces.push({ from, to })
  }

  #once({ kind, inner, text, quantifier }: Piece, depth: number): void {
    if (kind === 'reference') this.#sequence(this.#library.get(inner) ?? '', depth + 1)
    else if (kind === 'group') this.#sequence(inner, depth + 1)
    else if (kind === 'class') this.#text += this.#oneOf(text.slice(0, text.length - quantifier.length))
    else this.#text += literalOf(text.slice(0, text.length - quantifier.length))
  }

  #oneOf(written: string): string {
    const fitting = fittingCharacters(written)
    return fitting.length === 0 ? 'a' : fitting[this.#random(fitting.length)]
  }
}

function literalOf(written: string): string {
  const control = { '\\n': '\n', '\\r': '\r', '\\t': '\t' }[written]
  return control ?? written.replace(/^\\(?=[^0-9A-Za-z])/, '')
}

const known = new Map<string, string[]>()

/** The characters that a class, or a `\d`, takes. */
function fittingCharacters(written: string): string[] {
  let fitting = known.get(written)
  if (fitting === undefined) {
    try {
      const end = written.startsWith('[') ? classEnd(written, 0) : written.length
      const regex = new RegExp(`^${written.slice(0, end)}$`, 's')
      fitting = CHARACTERS.filter((char) => regex.test(char))
    } catch {
      fitting = []
    }
    known.set(written, fitting)
  }
  return fitting
}

/** Texts of `length` characters along the pattern, in each of which one piece is repeated as often as there is room. */
export function nearMisses(
  pattern: string,
  library: PatternLibrary,
  { seed, count, length }: { seed: number; count: number; length: number },
): string[] {
  const random = randomOf(seed)
  const writer = new Writer(library, random)
  return Array.from({ length: count }, () => {
    const { text, pieces } = writer.write(pattern)
    if (pieces.length === 0) return text
    const { from, to } = pieces[random(pieces.length)]
    // Beginning elsewhere than it is read, a piece runs into itself.
    const end = random(2) === 0 ? to : Math.min(text.length, to + 1 + random(3))
    const part = text.slice(from, end)
    const tail = random(2) === 0 ? '' : text.slice(to)
    const room = Math.max(0, length - from - tail.length)
    return (text.slice(0, from) + part.repeat(Math.ceil(room / part.length)).slice(0, room) + tail).slice(0, length)
  })
}

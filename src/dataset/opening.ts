/** So many characters are looked at. */
export const OPENING = 8
const PLACES = (1 << OPENING) - 1

/**
 * Which ASCII characters the first ones of a match can be: for each of OPENING places a set by code. What comes after
 * the match's end can be anything. Null: nothing is known.
 */
export type Opening = readonly Uint8Array[] | null

const ANY = new Uint8Array(128).fill(1)
const DIGITS = setOf((char) => /\d/.test(char))
const WORD = setOf((char) => /\w/.test(char))
const BLANKS = setOf((char) => /\s/.test(char))

/** Reads the beginning of an anchored expression. In doubt a character is taken as possible. */
export function openingOf({ source, flags }: RegExp): Opening {
  if (!source.startsWith('^') || /[imv]/.test(flags)) return null
  return new Reader(source).read()
}

/** True when few texts begin so: an expression that fits none of the others fails at once. */
export function isNarrow(opening: Opening): boolean {
  if (opening === null) return false
  return opening.filter((set) => set.reduce((sum, one) => sum + one, 0) <= FEW).length >= OPENING / 2
}

const FEW = 4

/** Classes that were asked, by their text: there are few, and they come again and again. */
const classes = new Map<string, Uint8Array>()

/**
 * Goes through the expression with the set of places, as bits, where a piece of it may begin, and notes what it may
 * have there; each piece gives the places where it may end.
 */
class Reader {
  readonly #source: string
  readonly #sets = Array.from({ length: OPENING }, () => new Uint8Array(128))
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  read(): Opening {
    const end = this.#sequence(1)
    // A choice of which only the first is anchored.
    if (this.#at < this.#source.length) return null
    this.#anything(end)
    return this.#sets
  }

  /** Up to the end of the group. */
  #choice(from: number): number {
    let to = this.#sequence(from)
    while (this.#source[this.#at] === '|') {
      this.#at++
      to |= this.#sequence(from)
    }
    return to
  }

  #sequence(from: number): number {
    let to = from
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at])) to = this.#quantified(to)
    return to
  }

  #quantified(from: number): number {
    const start = this.#at
    let to = this.#atom(from)
    const quantifier = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/.exec(this.#source.slice(this.#at, this.#at + 24))
    if (quantifier === null) return to
    const after = this.#at + quantifier[0].length
    const [, sign, low, range, high] = quantifier
    const least = sign === undefined ? Number(low) : sign === '+' ? 1 : 0
    const bounded = range === undefined ? Number(low) : high === '' ? Number.POSITIVE_INFINITY : Number(high)
    const most = sign === undefined ? bounded : sign === '?' ? 1 : Number.POSITIVE_INFINITY
    let ends = (least === 0 ? from : 0) | (least <= 1 ? to : 0)
    for (let times = 2; times <= most && to !== 0; times++) {
      this.#at = start
      const next = this.#atom(to)
      const settled = next === to
      to = next
      if (settled || times >= least) ends |= to
      if (settled) break
    }
    this.#at = after
    return ends
  }

  #atom(from: number): number {
    const source = this.#source
    const char = source[this.#at]
    if (char === '(') return this.#group(from)
    if (char === '[') return this.#take(this.#class(), from)
    if (char === '\\') return this.#escape(from)
    this.#at++
    if (char === '^' || char === '$') return from
    return this.#take(char === '.' ? ANY : single(char), from)
  }

  #group(from: number): number {
    const opening = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]+:))?/.exec(this.#source.slice(this.#at))?.[0] ?? '('
    this.#at += opening.length
    // What looks around takes no character, and what it says of them need not be known.
    const looks = /^\(\?(?:[=!]|<[=!])/.test(opening)
    // Flags of a group may make it ignore case.
    const flagged = /^\(\?[a-z-]+:/.test(opening)
    const to = this.#choice(looks || flagged ? 0 : from)
    this.#at++
    return flagged ? this.#anything(from) : looks ? from : to
  }

  /** A class is asked character by character, by itself. */
  #class(): Uint8Array {
    const from = this.#at++
    if (this.#source[this.#at] === '^') this.#at++
    while (this.#at < this.#source.length && this.#source[this.#at] !== ']') {
      this.#at += this.#source[this.#at] === '\\' ? 2 : 1
    }
    const text = this.#source.slice(from, ++this.#at)
    let set = classes.get(text)
    if (set === undefined) {
      const regex = new RegExp(text)
      set = setOf((char) => regex.test(char))
      classes.set(text, set)
    }
    return set
  }

  #escape(from: number): number {
    const char = this.#source[this.#at + 1] ?? ''
    this.#at += 2
    if (char === 'b' || char === 'B') return from
    const escapes: Record<string, Uint8Array> = { d: DIGITS, w: WORD, s: BLANKS }
    const set = escapes[char.toLowerCase()]
    if (set !== undefined) return this.#take(char === char.toLowerCase() ? set : set.map((in_) => 1 - in_), from)
    if (/[^0-9A-Za-z]/.test(char)) return this.#take(single(char), from)
    // Control characters, code points, properties, references: anything, maybe nothing.
    const more = /^(?:\{[^}]*\}|[0-9a-fA-F]{2,4})/.exec(this.#source.slice(this.#at, this.#at + 40))
    if ('xupPk'.includes(char)) this.#at += more?.[0].length ?? 0
    return /[0-9k]/.test(char) ? this.#anything(from) : this.#take(ANY, from)
  }

  /** One character of the set. */
  #take(set: Uint8Array, from: number): number {
    for (let place = 0; place < OPENING; place++) {
      if (!(from & (1 << place))) continue
      const known = this.#sets[place]
      for (let code = 0; code < 128; code++) known[code] |= set[code]
    }
    return (from << 1) & PLACES
  }

  /** Any number of any characters. */
  #anything(from: number): number {
    if (from === 0) return 0
    const all = -(from & -from) & PLACES
    this.#take(ANY, all)
    return all
  }
}

function setOf(test: (char: string) => boolean): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (test(String.fromCharCode(code)) ? 1 : 0))
}

function single(char: string): Uint8Array {
  const set = new Uint8Array(128)
  const code = char.charCodeAt(0)
  if (code < 128) set[code] = 1
  return set
}

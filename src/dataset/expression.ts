/** So many characters of a text are looked at. */
export const OPENING = 10

/** Which of the ASCII characters, by code. */
export type CharSet = Uint8Array

/** What an expression may match, no more exactly than it takes to tell what texts can't begin so. */
export type Expression =
  | { kind: 'char'; set: CharSet }
  | { kind: 'sequence' | 'choice'; of: Expression[] }
  /** `most` may be Infinity. */
  | { kind: 'repeat'; of: Expression; least: number; most: number }

export const ANY: CharSet = new Uint8Array(128).fill(1)
export const NOTHING: Expression = { kind: 'sequence', of: [] }
const chars = new Map<CharSet, Expression>()
/** Any number of any characters. */
export const ANYTHING: Expression = { kind: 'repeat', of: charOf(ANY), least: 0, most: Infinity }

/** There are few sets: each is a character once. */
function charOf(set: CharSet): Expression {
  let char = chars.get(set)
  if (char === undefined) {
    char = { kind: 'char', set }
    chars.set(set, char)
  }
  return char
}

/** Characters of its shortest match. */
function leastLength(expression: Expression): number {
  switch (expression.kind) {
    case 'char':
      return 1
    case 'sequence':
      return expression.of.reduce((sum, one) => sum + leastLength(one), 0)
    case 'choice':
      return Math.min(...expression.of.map(leastLength))
    case 'repeat':
      return expression.least === 0 ? 0 : expression.least * leastLength(expression.of)
  }
}

/** How many characters from the first on are each one of a few, whichever way is taken. */
export function narrowLength(expression: Expression): number {
  switch (expression.kind) {
    case 'char':
      return sizeOf(expression.set) <= FEW ? 1 : 0
    case 'sequence': {
      let length = 0
      for (const one of expression.of) {
        const narrow = narrowLength(one)
        length += narrow
        if (narrow < leastLength(one) || !isFixed(one)) break
      }
      return length
    }
    case 'choice':
      return Math.min(...expression.of.map(narrowLength))
    case 'repeat':
      return expression.least === 0 ? 0 : narrowLength(expression.of)
  }
}

const FEW = 4

/** True when what comes after it comes after so many characters of its own. */
function isFixed(expression: Expression): boolean {
  if (expression.kind === 'repeat') return expression.least === expression.most && expression.least <= 1
  return expression.kind === 'char' || expression.of.every(isFixed)
}

function sizeOf(set: CharSet): number {
  let size = 0
  for (const within of set) size += within
  return size
}

/** True for what takes any number of any characters. */
export function isAnything(expression: Expression): boolean {
  if (expression.kind !== 'repeat' || expression.most !== Infinity) return false
  return expression.least === 0 && expression.of.kind === 'char' && expression.of.set === ANY
}

const DIGITS = setOf((char) => /\d/.test(char))
const WORD = setOf((char) => /\w/.test(char))
const BLANKS = setOf((char) => /\s/.test(char))

/**
 * Reads how an anchored expression begins. What looks around is left out and what is not understood is anything, so each
 * of its matches is one of the result's too. Null: nothing is known.
 */
export function readExpression({ source, flags }: RegExp): Expression | null {
  if (!source.startsWith('^') || /[mv]/.test(flags)) return null
  return new Reader(source, flags.includes('i') ? 'i' : '').read()
}

const NO_CHAR: CharSet = new Uint8Array(128)
const SINGLE = Array.from({ length: 128 }, (_, code) => NO_CHAR.with(code, 1))

/** Classes and letters that were asked, by flags and text: there are few, and they come again and again. */
const classes = new Map<string, CharSet>()

class Reader {
  readonly #source: string
  readonly #flags: '' | 'i'
  #at = 0

  constructor(source: string, flags: '' | 'i') {
    this.#source = source
    this.#flags = flags
  }

  read(): Expression | null {
    const sequence = this.#sequence()
    // A choice of which only the first is anchored.
    return this.#at < this.#source.length ? null : sequence
  }

  /** Up to the end of the group. */
  #choice(): Expression {
    const choices = [this.#sequence()]
    while (this.#source[this.#at] === '|') {
      this.#at++
      choices.push(this.#sequence())
    }
    return choices.length === 1 ? choices[0] : { kind: 'choice', of: choices }
  }

  #sequence(): Expression {
    const pieces: Expression[] = []
    let length = 0
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at])) {
      const piece = this.#quantified()
      // What comes after anything is not told apart from it. Whole ones took 5 MB more.
      if (length >= OPENING) continue
      length += isAnything(piece) ? OPENING : leastLength(piece)
      pieces.push(piece)
    }
    return { kind: 'sequence', of: pieces }
  }

  #quantified(): Expression {
    const of = this.#atom()
    const quantifier = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/.exec(this.#source.slice(this.#at, this.#at + 24))
    if (quantifier === null) return of
    this.#at += quantifier[0].length
    const [, sign, low, range, high] = quantifier
    if (sign !== undefined)
      return { kind: 'repeat', of, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity }
    const most = range === undefined ? Number(low) : high === '' ? Infinity : Number(high)
    return { kind: 'repeat', of, least: Number(low), most }
  }

  #atom(): Expression {
    const char = this.#source[this.#at]
    if (char === '(') return this.#group()
    if (char === '[') return charOf(this.#class())
    if (char === '\\') return this.#escape()
    this.#at++
    if (char === '^' || char === '$') return NOTHING
    return charOf(char === '.' ? ANY : this.#single(char))
  }

  #group(): Expression {
    const opening = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]+:))?/.exec(this.#source.slice(this.#at))?.[0] ?? '('
    this.#at += opening.length
    const inner = this.#choice()
    this.#at++
    if (/^\(\?<?[=!]/.test(opening)) return NOTHING
    // Flags of a group may make it ignore case.
    return /^\(\?[a-z-]+:/.test(opening) ? ANYTHING : inner
  }

  /** A class is asked character by character, by itself. */
  #class(): CharSet {
    const from = this.#at++
    if (this.#source[this.#at] === '^') this.#at++
    while (this.#at < this.#source.length && this.#source[this.#at] !== ']') {
      this.#at += this.#source[this.#at] === '\\' ? 2 : 1
    }
    const text = this.#source.slice(from, ++this.#at)
    return this.#asked(text)
  }

  #single(char: string): CharSet {
    if (this.#flags === 'i' && /[A-Za-z]/.test(char)) return this.#asked(char)
    return SINGLE[char.charCodeAt(0)] ?? NO_CHAR
  }

  #asked(text: string): CharSet {
    const key = `${this.#flags}${text}`
    let set = classes.get(key)
    if (set === undefined) {
      const regex = new RegExp(text, this.#flags)
      set = setOf((char) => regex.test(char))
      classes.set(key, set)
    }
    return set
  }

  #escape(): Expression {
    const char = this.#source[this.#at + 1] ?? ''
    this.#at += 2
    if (char === 'b' || char === 'B') return NOTHING
    const escapes: Record<string, CharSet> = { d: DIGITS, w: WORD, s: BLANKS }
    const set = escapes[char.toLowerCase()]
    if (set !== undefined) return charOf(char === char.toLowerCase() ? set : set.map((within) => 1 - within))
    if (/[^0-9A-Za-z]/.test(char)) return charOf(this.#single(char))
    // Properties: anything. References: any number of any characters.
    const more = /[0-9k]/.test(char)
      ? /^(?:<[^>]*>|\d+)/
      : char === 'x'
        ? /^[0-9a-fA-F]{2}/
        : /^(?:\{[^}]*\}|[0-9a-fA-F]{4})/
    const rest = /[xupPk0-9]/.test(char) ? (more.exec(this.#source.slice(this.#at, this.#at + 40))?.[0] ?? '') : ''
    this.#at += rest.length
    if (/[tnrfvxu]/.test(char) && !rest.startsWith('{')) return charOf(this.#asked(`\\${char}${rest}`))
    return /[0-9k]/.test(char) ? ANYTHING : { kind: 'char', set: ANY }
  }
}

function setOf(test: (char: string) => boolean): CharSet {
  const set = Uint8Array.from({ length: 128 }, (_, code) => (test(String.fromCharCode(code)) ? 1 : 0))
  return set.every((within) => within === 1) ? ANY : set
}

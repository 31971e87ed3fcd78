/** Which ASCII characters a match can begin with, by code; null: any, or none at all (an empty match). */
export type FirstCharacters = Uint8Array | null

interface Part {
  set: Uint8Array
  /** True when the part can match nothing, so that what follows may come first. */
  empty: boolean
}

const ANY = new Uint8Array(128).fill(1)
const DIGITS = setOf((char) => /\d/.test(char))
const WORD = setOf((char) => /\w/.test(char))
const BLANKS = setOf((char) => /\s/.test(char))

/**
 * Reads the beginning of an anchored expression. Patterns whose lines can't begin with a text's first character are not
 * tried at all, which leaves a few of a dataset's dozens. In doubt a character is taken as possible.
 */
export function firstCharacters({ source, flags }: RegExp): FirstCharacters {
  if (!source.startsWith('^') || /[imv]/.test(flags)) return null
  const { set, empty } = new Reader(source).choice()
  return empty ? null : set
}

/** Classes that were asked, by their text: there are few, and they come again and again. */
const classes = new Map<string, Uint8Array>()

class Reader {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  /** Up to the end of the group: what its alternatives begin with. */
  choice(): Part {
    let result = this.#sequence()
    while (this.#source[this.#at] === '|') {
      this.#at++
      const other = this.#sequence()
      result = { set: union(result.set, other.set), empty: result.empty || other.empty }
    }
    return result
  }

  #sequence(): Part {
    let set = new Uint8Array(128)
    let empty = true
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at])) {
      const part = this.#quantified()
      if (empty) set = union(set, part.set)
      empty &&= part.empty
    }
    return { set, empty }
  }

  #quantified(): Part {
    const part = this.#atom()
    const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#source.slice(this.#at, this.#at + 24))
    if (quantifier === null) return part
    this.#at += quantifier[0].length
    const optional = quantifier[1] === undefined ? quantifier[0][0] !== '+' : quantifier[1] === '0'
    return optional ? { ...part, empty: true } : part
  }

  #atom(): Part {
    const source = this.#source
    const char = source[this.#at]
    if (char === '(') return this.#group()
    if (char === '[') return this.#class()
    if (char === '\\') return this.#escape()
    this.#at++
    if (char === '^' || char === '$') return { set: new Uint8Array(128), empty: true }
    return { set: char === '.' ? ANY : single(char), empty: false }
  }

  #group(): Part {
    const opening = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]+:))?/.exec(this.#source.slice(this.#at))?.[0] ?? '('
    this.#at += opening.length
    const part = this.choice()
    this.#at++
    // What looks around takes no character, and what it says of the first one need not be known.
    if (/^\(\?(?:[=!]|<[=!])/.test(opening)) return { set: new Uint8Array(128), empty: true }
    // Flags of a group may make it ignore case.
    return /^\(\?[a-z-]+:/.test(opening) ? { set: ANY, empty: part.empty } : part
  }

  /** A class is asked character by character, by itself. */
  #class(): Part {
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
    return { set, empty: false }
  }

  #escape(): Part {
    const char = this.#source[this.#at + 1] ?? ''
    this.#at += 2
    if (char === 'b' || char === 'B') return { set: new Uint8Array(128), empty: true }
    const escapes: Record<string, Uint8Array> = { d: DIGITS, w: WORD, s: BLANKS }
    const set = escapes[char.toLowerCase()]
    if (set !== undefined) return { set: char === char.toLowerCase() ? set : set.map((in_) => 1 - in_), empty: false }
    if (/[^0-9A-Za-z]/.test(char)) return { set: single(char), empty: false }
    // Control characters, code points, properties, references: anything, maybe nothing.
    const more = /^(?:\{[^}]*\}|[0-9a-fA-F]{2,4})/.exec(this.#source.slice(this.#at, this.#at + 40))
    if ('xupPk'.includes(char)) this.#at += more?.[0].length ?? 0
    return { set: ANY, empty: /[0-9k]/.test(char) }
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

function union(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(128)
  for (let code = 0; code < 128; code++) set[code] = a[code] | b[code]
  return set
}

import { type Flags, PatternError, type Rx } from './ast.ts'
import { type Escape, readEscape } from './escape.ts'
import { readSet } from './set.ts'

/** PCRE's own bound. */
const MAX_DEPTH = 250
const MAX_REPEAT = 65_535
const REPEAT = /\{(\d+)(?:(,)(\d*))?\}/y
const OPENING = /\?(?:(:)|(>)|(=)|(!)|(<=)|(<!)|P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'|([a-zA-Z]*(?:-[a-zA-Z]*)?)([:)]))/y
const LEADING_VERBS = /^(?:\(\*(?:UTF8?|LIMIT_MATCH=\d+|NO_AUTO_POSSESS|NO_START_OPT|NO_JIT)\))*/

export interface ParseOptions {
  ignoreCase: boolean
  /** flags("newline"): CR ends a line too. */
  anyNewline: boolean
}

/**
 * Reads a PCRE pattern (pcre2pattern(3)).
 * @throws PatternError for a mistake, and for what has no counterpart in JavaScript.
 */
export function parsePcre(source: string, options: ParseOptions): Rx {
  return new PatternParser(source, options).whole()
}

class PatternParser {
  readonly #source: string
  readonly #anyNewline: boolean
  #flags: Flags
  #at: number
  #depth = 0
  #captures = 0
  readonly #names = new Map<string, number>()
  readonly #references: { group: string | number; backref: { index: number; at: number } }[] = []

  constructor(source: string, { ignoreCase, anyNewline }: ParseOptions) {
    this.#source = source
    this.#anyNewline = anyNewline
    this.#flags = { ignoreCase, multiline: false, dotAll: false, extended: false }
    this.#at = LEADING_VERBS.exec(source)?.[0].length ?? 0
  }

  whole(): Rx {
    const rx = this.#alternatives()
    if (this.#at < this.#source.length) this.#fail('this ")" has no "("; write \\\\) for the character')
    for (const { group, backref } of this.#references) {
      const index = typeof group === 'number' ? group : this.#names.get(group)
      if (index === undefined || index < 1 || index > this.#captures) {
        this.#fail(`there is no group ${group} to refer back to`, backref.at)
      }
      backref.index = index
    }
    return rx
  }

  #alternatives(): Rx {
    // Flags set inside a group end with it, but go on over its "|".
    const outer = this.#flags
    const options: Rx[] = []
    do options.push(this.#sequence())
    while (this.#accept('|'))
    this.#flags = outer
    const [only] = options
    return options.length === 1 && only !== undefined ? only : { kind: 'alternatives', options }
  }

  #sequence(): Rx {
    const items: Rx[] = []
    while (this.#at < this.#source.length && !'|)'.includes(this.#source.charAt(this.#at))) {
      if (this.#flags.extended && this.#skipComment()) continue
      const piece = this.#piece()
      if (piece === null) continue
      if (Array.isArray(piece)) {
        items.push(...piece.slice(0, -1))
        const last = piece.at(-1)
        if (last !== undefined) items.push(this.#repeated(last))
      } else items.push(this.#repeated(piece))
    }
    const [only] = items
    return items.length === 1 && only !== undefined ? only : { kind: 'sequence', items }
  }

  /** One item, several (`\Q…\E`), or null for what matches nothing and can't be repeated: a comment, inline flags. */
  #piece(): Rx | Rx[] | null {
    const start = this.#at
    const char = String.fromCodePoint(this.#source.codePointAt(start) ?? 0)
    this.#at += char.length
    switch (char) {
      case '(':
        return this.#group()
      case '[': {
        const { ranges, negated, end } = readSet(this.#source, start)
        this.#at = end
        return { kind: 'set', ranges, negated, ignoreCase: this.#flags.ignoreCase }
      }
      case '.':
        return this.#dot(this.#flags.dotAll)
      case '^':
        return { kind: 'assertion', what: this.#flags.multiline ? 'lineStart' : 'start' }
      case '$':
        return { kind: 'assertion', what: this.#flags.multiline ? 'lineEnd' : 'end' }
      case '\\':
        return this.#escape(start)
      case '*':
      case '+':
      case '?':
        return this.#fail(`nothing stands before this ${char} that could be repeated; a glob needs type("glob")`, start)
      default:
        if (char === '{' && this.#repeatAt(start) !== null)
          return this.#fail('nothing stands before this repetition', start)
        return this.#char(char.codePointAt(0) ?? 0)
    }
  }

  #char(code: number): Rx {
    return { kind: 'char', code, ignoreCase: this.#flags.ignoreCase }
  }

  #dot(all: boolean): Rx {
    const newlines: [number, number][] = this.#anyNewline
      ? [
          [10, 10],
          [13, 13],
        ]
      : [[10, 10]]
    return { kind: 'set', ranges: all ? [] : newlines, negated: true, ignoreCase: this.#flags.ignoreCase }
  }

  #escape(start: number): Rx | Rx[] | null {
    if (this.#source.startsWith('\\Q', start)) return this.#quoted(start + 2)
    if (this.#source.startsWith('\\E', start)) {
      this.#at = start + 2
      return null
    }
    const escaped: Escape = readEscape(this.#source, start, this.#captures)
    this.#at = escaped.end
    switch (escaped.kind) {
      case 'char':
        return this.#char(escaped.code)
      case 'set':
        return { kind: 'set', ranges: escaped.ranges, negated: false, ignoreCase: this.#flags.ignoreCase }
      case 'notNewline':
        return this.#dot(false)
      case 'backref':
        return this.#backref(escaped.group, start)
      case 'nothing':
        return null
      case 'newline':
        return escaped.of
      default:
        return escaped
    }
  }

  /** Names and numbers are resolved at the end: a pattern may refer forward. */
  #backref(group: string | number, at: number): Rx {
    const backref = { kind: 'backref' as const, index: 0, ignoreCase: this.#flags.ignoreCase, at }
    this.#references.push({ group, backref })
    return backref
  }

  #quoted(from: number): Rx[] {
    const found = this.#source.indexOf('\\E', from)
    const end = found === -1 ? this.#source.length : found
    this.#at = found === -1 ? end : end + 2
    return [...this.#source.slice(from, end)].map((char) => this.#char(char.codePointAt(0) ?? 0))
  }

  /** After the "(". */
  #group(): Rx | null {
    const start = this.#at - 1
    if (++this.#depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} groups within each other`, start)
    try {
      if (this.#source.startsWith('(?#', start)) {
        const end = this.#source.indexOf(')', start)
        if (end === -1) this.#fail('this comment has no end', start)
        this.#at = end + 1
        return null
      }
      if (this.#source.startsWith('(*', start)) this.#fail('verbs such as (*SKIP) are not supported', start)
      if (!this.#source.startsWith('(?', start)) return this.#capture(start)
      return this.#specialGroup(start)
    } finally {
      this.#depth--
    }
  }

  #specialGroup(start: number): Rx | null {
    if (/^\(\?P=\w+\)/.test(this.#source.slice(start))) {
      const end = this.#source.indexOf(')', start)
      this.#at = end + 1
      return this.#backref(this.#source.slice(start + 4, end), start)
    }
    if (/^\(\?(?:R|&|P>|[+-]?\d)/.test(this.#source.slice(start))) {
      return this.#fail('recursion such as (?R) is not supported', start)
    }
    OPENING.lastIndex = this.#at
    const opening = OPENING.exec(this.#source)
    if (opening === null) return this.#unsupportedGroup(start)
    this.#at += opening[0].length
    const [, plain, atomic, , notAhead, behind, notBehind, name, quotedName, letters = '', closing] = opening
    if (plain !== undefined) return this.#body(start)
    if (atomic !== undefined) return { kind: 'atomic', of: this.#body(start) }
    if (name !== undefined || quotedName !== undefined) return this.#capture(start, name ?? quotedName)
    if (closing === undefined) {
      const negated = notAhead !== undefined || notBehind !== undefined
      return { kind: 'look', behind: (behind ?? notBehind) !== undefined, negated, of: this.#body(start) }
    }
    const flags = this.#changedFlags(letters, start)
    if (closing === ')') {
      this.#flags = flags
      return null
    }
    const outer = this.#flags
    this.#flags = flags
    const of = this.#body(start)
    this.#flags = outer
    return of
  }

  #unsupportedGroup(start: number): never {
    const text = this.#source.slice(start, start + 4)
    if (text.startsWith('(?|')) return this.#fail('(?| (numbers shared between alternatives) is not supported', start)
    if (text.startsWith('(?(')) return this.#fail('conditions such as (?(1)…) are not supported', start)
    if (text.startsWith('(?C')) return this.#fail('callouts are not supported', start)
    return this.#fail(`unknown group ${text}`, start)
  }

  #capture(start: number, name?: string): Rx {
    const index = ++this.#captures
    if (name !== undefined && !this.#names.has(name)) this.#names.set(name, index)
    return { kind: 'capture', index, of: this.#body(start) }
  }

  #body(start: number): Rx {
    const of = this.#alternatives()
    if (!this.#accept(')')) this.#fail('this "(" has no ")"; write \\\\( for the character', start)
    return of
  }

  #changedFlags(letters: string, start: number): Flags {
    const flags = { ...this.#flags }
    let value = true
    for (const letter of letters) {
      if (letter === '-') value = false
      else if (letter === 'i') flags.ignoreCase = value
      else if (letter === 'm') flags.multiline = value
      else if (letter === 's') flags.dotAll = value
      else if (letter === 'x') flags.extended = value
      // J: names may repeat. They may anyway: of two groups with one name a reference means the first.
      else if (letter !== 'J') this.#fail(`the flag ${letter} is not supported in (?${letters})`, start)
    }
    return flags
  }

  #repeated(of: Rx): Rx {
    while (this.#flags.extended && this.#skipComment());
    const bounds = this.#repeatAt(this.#at)
    if (bounds === null) return of
    const { min, max, end } = bounds
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) this.#fail(`more than ${MAX_REPEAT} times`)
    if (max < min) this.#fail('the bounds of this repetition are in the wrong order')
    this.#at = end
    const mode = this.#accept('+') ? 'possessive' : this.#accept('?') ? 'lazy' : 'greedy'
    return { kind: 'repeat', min, max, mode, of }
  }

  #repeatAt(at: number): { min: number; max: number; end: number } | null {
    const char = this.#source.charAt(at)
    if (char === '*') return { min: 0, max: Infinity, end: at + 1 }
    if (char === '+') return { min: 1, max: Infinity, end: at + 1 }
    if (char === '?') return { min: 0, max: 1, end: at + 1 }
    REPEAT.lastIndex = at
    const [all, min, comma, max] = REPEAT.exec(this.#source) ?? []
    // {,3} and a lone { are plain characters.
    if (all === undefined) return null
    const least = Number(min)
    return { min: least, max: comma === undefined ? least : max ? Number(max) : Infinity, end: at + all.length }
  }

  /** (?x): white space and `# …` mean nothing. */
  #skipComment(): boolean {
    const skipped = /^(?:\s+|#[^\n]*)/.exec(this.#source.slice(this.#at))?.[0].length ?? 0
    this.#at += skipped
    return skipped > 0
  }

  #accept(char: string): boolean {
    if (this.#source.charAt(this.#at) !== char) return false
    this.#at++
    return true
  }

  #fail(problem: string, at = this.#at): never {
    throw new PatternError(problem, at)
  }
}

import { ALL, type CharSet, setOf } from './char-set.ts'
import type { Node } from './tree.ts'

/** Thrown for what is left to V8. */
export class Unsupported extends Error {}

const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\?)?/y
const ESCAPE =
  /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]+\}|[pP]\{[^}]*\}|c[A-Za-z]|0(?![0-9])|[^xucpPk0-9])/y
const GROUP = /\((?:\?(?::|[=!]|<[=!]))?/y

/** The tree of an expression that can match only where the text begins. @throws Unsupported for any other */
export function parse({ source, flags }: RegExp): { tree: Node; groups: number } {
  if (/[gymd]/.test(flags)) throw new Unsupported()
  const { tree, groups, starts } = new Parser(source, flags).parse()
  // V8 does not match '' with ^(?:[^]*?a^|): what a ^ further on means is known to it alone.
  if (starts === 0 || anchors(tree) !== starts) throw new Unsupported()
  return { tree, groups }
}

/** How many `^` it begins with, one in each of its ways; 0: there is a way without. */
function anchors(node: Node): number {
  if (node.kind === 'sequence') return node.of.length === 0 ? 0 : anchors(node.of[0])
  if (node.kind === 'group') return anchors(node.of)
  if (node.kind !== 'choice') return node.kind === 'edge' && !node.end ? 1 : 0
  const each = node.of.map(anchors)
  return each.includes(0) ? 0 : each.reduce((sum, one) => sum + one)
}

class Parser {
  readonly #source: string
  /** Those that say what a character means. */
  readonly #flags: string
  readonly #isUnicode: boolean
  #at = 0
  #groups = 1
  /** Begins of the text that were read. */
  #starts = 0
  readonly #closed = new Set<number>()
  #back = false

  constructor(source: string, flags: string) {
    this.#source = source
    this.#flags = flags
    this.#isUnicode = /[uv]/.test(flags)
  }

  parse(): { tree: Node; groups: number; starts: number } {
    const tree = this.#choice()
    if (this.#at < this.#source.length) throw new Unsupported()
    return { tree, groups: this.#groups, starts: this.#starts }
  }

  /** Up to the end of the group. */
  #choice(): Node {
    const of = [this.#sequence()]
    while (this.#source[this.#at] === '|') {
      this.#at++
      of.push(this.#sequence())
    }
    return of.length === 1 ? of[0] : { kind: 'choice', of }
  }

  #sequence(): Node {
    const of: Node[] = []
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at])) {
      const node = this.#quantified(this.#atom())
      const atomic = of.length > 0 ? atomicOf(of[of.length - 1], node) : null
      if (atomic !== null) of[of.length - 1] = atomic
      else if (node.kind === 'sequence' && !this.#back) of.push(...node.of)
      else of.push(node)
    }
    if (this.#back) of.reverse()
    return of.length === 1 ? of[0] : { kind: 'sequence', of }
  }

  #take(regex: RegExp): RegExpExecArray | null {
    regex.lastIndex = this.#at
    const match = regex.exec(this.#source)
    if (match !== null) this.#at += match[0].length
    return match
  }

  #quantified(of: Node): Node {
    const match = this.#take(QUANTIFIER)
    if (match === null) return of
    if (of.kind === 'look' || of.kind === 'edge' || of.kind === 'boundary') throw new Unsupported()
    const [, sign, low, comma, high, lazy] = match
    const least = sign === undefined ? Number(low) : sign === '+' ? 1 : 0
    const bounded = comma === undefined ? least : high === '' ? Infinity : Number(high)
    const most = sign === undefined ? bounded : sign === '?' ? 1 : Infinity
    return least === 1 && most === 1 ? of : { kind: 'repeat', of, least, most, lazy: lazy !== undefined }
  }

  #atom(): Node {
    const char = this.#source[this.#at]
    if (char === '(') return this.#group()
    if (char === '[') return this.#set(this.#class())
    if (char === '\\') return this.#escape()
    if (char === '^' || char === '$') {
      this.#at++
      if (char === '^') this.#starts++
      return { kind: 'edge', end: char === '$', back: this.#back }
    }
    const code = this.#source.codePointAt(this.#at) ?? 0
    const written = this.#isUnicode ? String.fromCodePoint(code) : char
    this.#at += written.length
    // As a text of its own it would be a syntax error.
    if (char === '{' || char === '}' || char === ']') return this.#set(setOf(`\\${char}`, this.#flags))
    if (char === '.' && this.#flags.includes('s')) return this.#set(ALL)
    return this.#set(setOf(written, this.#flags))
  }

  #set(set: CharSet): Node {
    return { kind: 'set', set, back: this.#back }
  }

  #group(): Node {
    const opening = this.#take(GROUP)?.[0] ?? ''
    // Names and flags of a group.
    if (opening === '(' && this.#source[this.#at] === '?') throw new Unsupported()
    const isLook = opening.length > 1 && opening !== '(?:'
    const outside = this.#back
    const number = opening === '(' ? this.#groups++ : 0
    if (isLook) this.#back = opening.startsWith('(?<')
    const of = this.#choice()
    this.#at++
    if (isLook) {
      const ahead = !this.#back
      this.#back = outside
      return { kind: 'look', of, ahead, negative: opening.endsWith('!'), back: outside }
    }
    if (number === 0) return of
    this.#closed.add(number)
    return { kind: 'group', of, number, back: this.#back }
  }

  #class(): CharSet {
    const from = this.#at
    let depth = 0
    do {
      const char = this.#source[this.#at++]
      if (char === undefined) throw new Unsupported()
      if (char === '\\') {
        // Strings may be members of a class.
        if (this.#flags.includes('v') && /[qpP]/.test(this.#source[this.#at])) throw new Unsupported()
        this.#at++
      } else if (char === '[' && (depth === 0 || this.#flags.includes('v'))) depth++
      else if (char === ']') depth--
    } while (depth > 0)
    return setOf(this.#source.slice(from, this.#at), this.#flags)
  }

  #escape(): Node {
    const next = this.#source[this.#at + 1]
    if (next === 'b' || next === 'B') {
      // Case and Unicode make more characters parts of words.
      if (this.#isUnicode && this.#flags.includes('i')) throw new Unsupported()
      this.#at += 2
      return { kind: 'boundary', negative: next === 'B', back: this.#back }
    }
    const [reference] = this.#take(/\\[1-9]\d*/y) ?? []
    if (reference !== undefined) {
      const number = Number(reference.slice(1))
      // One that is not closed yet matches nothing, or is an octal number.
      if (!this.#closed.has(number) || this.#back || this.#flags.includes('i')) throw new Unsupported()
      return { kind: 'reference', number }
    }
    const [written] = this.#take(ESCAPE) ?? []
    // Half a character, or letters that mean themselves.
    const other = this.#isUnicode ? /^\\u[dD]/ : /^\\(?:[pP]|u\{)/
    if (written === undefined || other.test(written)) throw new Unsupported()
    return this.#set(setOf(written, this.#flags))
  }
}

/** `(?=(…))` and a reference to its group after it. */
function atomicOf(look: Node, node: Node): Node | null {
  if (node.kind !== 'reference' || look.kind !== 'look' || !look.ahead || look.negative) return null
  return look.of.kind === 'group' && look.of.number === node.number
    ? { kind: 'atomic', of: look.of, number: node.number }
    : null
}

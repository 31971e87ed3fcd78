import { PatternError, type Ranges, type Rx } from './ast.ts'
import { MAX_CODE } from './classes.ts'

interface Piece {
  text: string
  /** What stands in it ignores case: true, false, or null when nothing in it has a case. */
  ignoreCase: boolean | null
}

/**
 * Writes a pattern for JavaScript. Groups that nothing refers back to don't capture, which costs less.
 * @throws PatternError where a back reference or an atomic group can't be had.
 */
export function emit(rx: Rx, unicode: boolean): RegExp {
  checkReferences(rx)
  const emitter = new Emitter(rx, unicode)
  const { text, ignoreCase } = emitter.write(rx)
  // Only patterns with characters or properties that need it get the u flag: without it matching is faster.
  if (emitter.needsUnicode && !unicode) return emit(rx, true)
  return new RegExp(text, `${ignoreCase === true ? 'i' : ''}${unicode ? 'u' : ''}`)
}

class Emitter {
  needsUnicode = false
  readonly #unicode: boolean
  readonly #referred = new Set<number>()
  #behind = false
  #atomics = 0

  constructor(rx: Rx, unicode: boolean) {
    this.#unicode = unicode
    visit(rx, [], (node) => {
      if (node.kind === 'backref') this.#referred.add(node.index)
    })
  }

  write(rx: Rx): Piece {
    switch (rx.kind) {
      case 'char':
        return { text: this.#char(rx.code), ignoreCase: isLetter(rx.code) ? rx.ignoreCase : null }
      case 'set':
        return this.#set(rx.ranges, rx.negated, rx.ignoreCase)
      case 'property':
        this.needsUnicode = true
        return { text: rx.text, ignoreCase: false }
      case 'assertion':
        return { text: ASSERTIONS[rx.what], ignoreCase: null }
      case 'capture': {
        const { text, ignoreCase } = this.write(rx.of)
        return { text: this.#referred.has(rx.index) ? `(?<g${rx.index}>${text})` : `(?:${text})`, ignoreCase }
      }
      case 'backref':
        return { text: `\\k<g${rx.index}>`, ignoreCase: rx.ignoreCase }
      case 'look':
        return this.#look(rx)
      case 'atomic':
        return this.#atomic(this.write(rx.of))
      case 'sequence':
        return join(rx.items.map((item) => ({ rx: item, ...this.write(item) })).map(groupAlternatives), '')
      case 'alternatives':
        return join(
          rx.options.map((option) => this.write(option)),
          '|',
        )
      case 'repeat':
        return this.#repeat(rx)
    }
  }

  #char(code: number): string {
    if (code > 0xffff) this.needsUnicode = true
    const text = String.fromCodePoint(code)
    return /[$()*+./?[\\\]^{|}]/.test(text) ? `\\${text}` : printable(code)
  }

  #set(ranges: Ranges, negated: boolean, ignoreCase: boolean): Piece {
    // Ranges that go on to the last character of all are complements: those end at U+FFFF just as well.
    if (ranges.some(([first, last]) => first > 0xffff || (last > 0xffff && last < MAX_CODE))) this.needsUnicode = true
    const end = this.#unicode ? MAX_CODE : 0xffff
    const text = ranges.map(([first, last]) => setRange(first, Math.min(last, end))).join('')
    return { text: `[${negated ? '^' : ''}${text}]`, ignoreCase: ranges.length === 0 ? null : ignoreCase }
  }

  #look(rx: Rx & { kind: 'look' }): Piece {
    const outer = this.#behind
    this.#behind = rx.behind
    const { text, ignoreCase } = this.write(rx.of)
    this.#behind = outer
    return { text: `(?${rx.behind ? '<' : ''}${rx.negated ? '!' : '='}${text})`, ignoreCase }
  }

  /** A look-ahead is never entered again once it has matched, so capturing there and matching the capture is atomic. */
  #atomic({ text, ignoreCase }: Piece): Piece {
    if (this.#behind) throw new PatternError('an atomic or possessive group in a look-behind is not supported', 0)
    const name = `a${this.#atomics++}`
    return { text: `(?=(?<${name}>${text}))\\k<${name}>`, ignoreCase }
  }

  #repeat(rx: Rx & { kind: 'repeat' }): Piece {
    const { text, ignoreCase } = this.write(rx.of)
    const single =
      rx.of.kind === 'char' || rx.of.kind === 'set' || rx.of.kind === 'capture' || rx.of.kind === 'property'
    const repeated = `${single ? text : `(?:${text})`}${bounds(rx.min, rx.max)}`
    if (rx.mode === 'possessive') return this.#atomic({ text: repeated, ignoreCase })
    return { text: repeated + (rx.mode === 'lazy' ? '?' : ''), ignoreCase }
  }
}

// The header parser takes line ends off the end of a line, so that PCRE's "$", which also matches before a last line
// end, is the plain end. A look-ahead instead would keep V8's linear engine from taking over.
const ASSERTIONS = {
  start: '^',
  end: '$',
  lineStart: '(?:^|(?<=\\n))',
  lineEnd: '(?:$|(?=\\n))',
  word: '\\b',
  notWord: '\\B',
} as const

function groupAlternatives({ rx, text, ignoreCase }: Piece & { rx: Rx }): Piece {
  return { text: rx.kind === 'alternatives' ? `(?:${text})` : text, ignoreCase }
}

/** Neighbours that agree about case stay together; where they don't, each run says it for itself: `(?i:…)`. */
function join(pieces: Piece[], separator: string): Piece {
  const known = new Set(pieces.map((piece) => piece.ignoreCase).filter((value) => value !== null))
  if (known.size < 2) {
    return { text: pieces.map((piece) => piece.text).join(separator), ignoreCase: [...known][0] ?? null }
  }
  // Written for a pattern without the i flag: only what ignores case is marked.
  const marked = pieces.map(({ text, ignoreCase }) => (ignoreCase === true ? `(?i:${text})` : text))
  return { text: marked.join(separator), ignoreCase: false }
}

function setRange(first: number, last: number): string {
  const from = setChar(first)
  return first === last ? from : `${from}-${setChar(last)}`
}

function setChar(code: number): string {
  const text = String.fromCodePoint(code)
  return /[\\\]^[-]/.test(text) ? `\\${text}` : printable(code)
}

function printable(code: number): string {
  if (code >= 32 && code < 127) return String.fromCharCode(code)
  if (code > 0xffff) return `\\u{${code.toString(16)}}`
  return `\\u${code.toString(16).padStart(4, '0')}`
}

function bounds(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  return min === max ? `{${min}}` : `{${min},${max}}`
}

function isLetter(code: number): boolean {
  const text = String.fromCodePoint(code)
  return text.toLowerCase() !== text.toUpperCase()
}

/** Calls back for every node with the branches that have to be taken to reach it. */
function visit(rx: Rx, branches: readonly Rx[], call: (node: Rx, branches: readonly Rx[]) => void): void {
  call(rx, branches)
  if (rx.kind === 'sequence') for (const item of rx.items) visit(item, branches, call)
  else if (rx.kind === 'alternatives') for (const option of rx.options) visit(option, [...branches, option], call)
  else if (rx.kind === 'repeat') visit(rx.of, rx.min === 0 ? [...branches, rx] : branches, call)
  else if (rx.kind === 'look') visit(rx.of, rx.negated ? [...branches, rx] : branches, call)
  else if ('of' in rx) visit(rx.of, branches, call)
}

/**
 * A reference to a group that took no part fails in PCRE and matches nothing in JavaScript: only groups that have
 * surely taken part may be referred to.
 */
function checkReferences(whole: Rx): void {
  const groups = new Map<number, readonly Rx[]>()
  visit(whole, [], (node, branches) => {
    if (node.kind === 'capture') groups.set(node.index, branches)
    if (node.kind !== 'backref') return
    const needed = groups.get(node.index)
    if (needed === undefined || !needed.every((branch) => branches.includes(branch))) {
      throw new PatternError('a reference back to a group that may have taken no part is not supported', node.at)
    }
  })
}

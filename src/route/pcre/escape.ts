import { PatternError, type Ranges, type Rx } from './ast.ts'
import { ESCAPED_CLASSES, MAX_CODE, VERTICAL } from './classes.ts'

/** What a backslash and what follows stand for; `end`: offset behind it. */
export type Escape = { end: number } & (
  | { kind: 'char'; code: number }
  | { kind: 'set'; ranges: Ranges }
  | { kind: 'property'; text: string }
  | { kind: 'assertion'; what: 'start' | 'end' | 'word' | 'notWord' }
  | { kind: 'notNewline' }
  /** \R: any end of a line. */
  | { kind: 'newline'; of: Rx }
  | { kind: 'backref'; group: number | string }
  /** \K: moves the start of the match, which a filter never asks for. */
  | { kind: 'nothing' }
)

const CONTROLS = new Map([
  ['a', 7],
  ['e', 27],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
])
const NUMBER = /\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{0,2})|o\{([0-7]{1,7})\}|(0[0-7]{0,2}))/y
const PROPERTY = /\\([pP])(?:\{(\^?)([A-Za-z&_]+)\}|([A-Za-z]))/y
const BACKREF = /\\(?:g\{(-?\d+|[A-Za-z_]\w*)\}|g(-?\d+)|k<(\w+)>|k'(\w+)'|k\{(\w+)\}|([1-9]\d*))/y

/**
 * Reads the escape at `start` (pcre2pattern(3), BACKSLASH). `captures`: groups opened so far, for relative references.
 * @throws PatternError
 */
export function readEscape(source: string, start: number, captures: number): Escape {
  const letter = String.fromCodePoint(source.codePointAt(start + 1) ?? 0x5c)
  const end = start + 1 + letter.length
  if (start + 1 >= source.length) throw new PatternError('a \\ at the end escapes nothing', start)
  switch (letter) {
    case 'A':
    case 'G':
      return { kind: 'assertion', what: 'start', end }
    case 'Z':
    case 'z':
      return { kind: 'assertion', what: 'end', end }
    case 'b':
      return { kind: 'assertion', what: 'word', end }
    case 'B':
      return { kind: 'assertion', what: 'notWord', end }
    case 'K':
      return { kind: 'nothing', end }
    case 'N':
      if (source.charAt(end) === '{') throw new PatternError('\\N{…} is not supported', start)
      return { kind: 'notNewline', end }
    case 'R':
      return { kind: 'newline', of: anyNewline(), end }
    default:
      return backref(source, start, captures) ?? readSetEscape(source, start)
  }
}

/** The escapes that also work between [ and ]. There, \b is a backspace and \1 an octal number. */
export function readSetEscape(source: string, start: number, insideSet = false): Escape {
  const letter = String.fromCodePoint(source.codePointAt(start + 1) ?? 0x5c)
  const end = start + 1 + letter.length
  const ranges = ESCAPED_CLASSES.get(letter)
  if (ranges !== undefined) return { kind: 'set', ranges, end }
  const control = CONTROLS.get(letter)
  if (control !== undefined) return { kind: 'char', code: control, end }
  if (insideSet && letter === 'b') return { kind: 'char', code: 8, end }
  if (letter === 'c') {
    const code = source.charCodeAt(end)
    if (!(code >= 32 && code < 127)) throw new PatternError('\\c needs a printable character behind it', start)
    return { kind: 'char', code: String.fromCharCode(code).toUpperCase().charCodeAt(0) ^ 64, end: end + 1 }
  }
  if (letter === 'p' || letter === 'P') return property(source, start)
  if (/[1-7]/.test(letter)) {
    const digits = /^[0-7]{1,3}/.exec(source.slice(start + 1))?.[0] ?? ''
    return { kind: 'char', code: Number.parseInt(digits, 8), end: start + 1 + digits.length }
  }
  NUMBER.lastIndex = start
  const [all, braced, hex, octalBraced, octal] = NUMBER.exec(source) ?? []
  if (all !== undefined) {
    const code = hex === '' ? 0 : Number.parseInt(braced ?? hex ?? octalBraced ?? octal ?? '', (braced ?? hex) ? 16 : 8)
    if (code > MAX_CODE) throw new PatternError(`${all} is no character`, start)
    return { kind: 'char', code, end: start + all.length }
  }
  if (/[A-Za-z0-9]/.test(letter)) throw new PatternError(`\\${letter} means nothing in a pattern`, start)
  return { kind: 'char', code: letter.codePointAt(0) ?? 0, end }
}

function backref(source: string, start: number, captures: number): Escape | null {
  BACKREF.lastIndex = start
  const [all, ...forms] = BACKREF.exec(source) ?? []
  if (all === undefined) return null
  const group = forms.find((form) => form !== undefined) ?? ''
  const end = start + all.length
  if (!/^-?\d+$/.test(group)) return { kind: 'backref', group, end }
  const number = Number(group)
  // \12 is a character, in octal, unless twelve groups stand before it.
  if (/^\\[1-7]\d/.test(all) && number > captures) return null
  return { kind: 'backref', group: number < 0 ? captures + 1 + number : number, end }
}

function property(source: string, start: number): Escape {
  PROPERTY.lastIndex = start
  const [all, letter, caret, long, short] = PROPERTY.exec(source) ?? []
  const name = long ?? short ?? ''
  if (all === undefined) throw new PatternError('\\p needs a property, such as \\p{Lu}', start)
  const negated = (letter === 'P') !== (caret === '^')
  for (const text of [name, `Script=${name}`]) {
    const written = `\\${negated ? 'P' : 'p'}{${text}}`
    if (isProperty(written)) return { kind: 'property', text: written, end: start + all.length }
  }
  throw new PatternError(`the property ${name} is unknown`, start)
}

function isProperty(written: string): boolean {
  try {
    new RegExp(written, 'u')
    return true
  } catch {
    return false
  }
}

function anyNewline(): Rx {
  const crlf: Rx = {
    kind: 'sequence',
    items: [13, 10].map((code): Rx => ({ kind: 'char', code, ignoreCase: false })),
  }
  const single: Rx = { kind: 'set', ranges: VERTICAL, negated: false, ignoreCase: false }
  return { kind: 'atomic', of: { kind: 'alternatives', options: [crlf, single] } }
}

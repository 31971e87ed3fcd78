import { classEnd } from './class.ts'
import { readReference } from './expand.ts'
import { ESCAPE } from './reader.ts'

/** A part of a pattern that something can be said of: with its quantifier, if it has one. */
export interface Piece {
  /** As written. */
  text: string
  quantifier: string
  kind: 'reference' | 'group' | 'look' | 'class' | 'literal' | 'assertion'
  /** What stands in the group, or the name of the reference. */
  inner: string
}

const QUANTIFIER = /(?:[*+?]|\{(?:\d+(?:,\d*)?|,\d+)\})[?+]?/y
const OPENING = /\((?:\?(?:[:>=!]|<[=!]|<[^>]*>|'[^']*'|[a-z-]*:))?/y
/** Escapes that stand for a place, or for one of several characters. */
const ASSERTION_ESCAPE = /^\\[AzZGbBK]$/
const SET_ESCAPE = /^\\(?:[dDwWsShHRXNOpP]|[pP]\{)/

/** The choices that a pattern is made of: one unless a `|` stands outside of all groups. */
export function choicesOf(pattern: string): Piece[][] {
  const choices: Piece[][] = [[]]
  for (let at = 0; at < pattern.length; ) {
    if (pattern.charAt(at) === '|') {
      choices.push([])
      at++
      continue
    }
    const bare = barePiece(pattern, at)
    QUANTIFIER.lastIndex = at + bare.text.length
    const quantifier = bare.kind === 'assertion' ? '' : (QUANTIFIER.exec(pattern)?.[0] ?? '')
    const text = bare.text + quantifier
    choices.at(-1)?.push({ ...bare, text, quantifier })
    at += text.length
  }
  return choices
}

function barePiece(pattern: string, at: number): Omit<Piece, 'quantifier'> {
  const char = pattern.charAt(at)
  if (pattern.startsWith('%{', at)) {
    const reference = readReference(pattern, at)
    if (reference !== null) return { text: pattern.slice(at, reference.end), kind: 'reference', inner: reference.name }
  }
  if (char === '\\') {
    ESCAPE.lastIndex = at
    const text = ESCAPE.exec(pattern)?.[0] ?? char
    const kind = ASSERTION_ESCAPE.test(text) ? 'assertion' : SET_ESCAPE.test(text) ? 'class' : 'literal'
    return { text, kind, inner: '' }
  }
  if (char === '[') {
    const end = classEnd(pattern, at)
    return { text: pattern.slice(at, end === -1 ? undefined : end), kind: 'class', inner: '' }
  }
  if (char === '(') return group(pattern, at)
  if (char === '^' || char === '$') return { text: char, kind: 'assertion', inner: '' }
  const text = String.fromCodePoint(pattern.codePointAt(at) ?? 0)
  return { text, kind: char === '.' ? 'class' : 'literal', inner: '' }
}

function group(pattern: string, at: number): Omit<Piece, 'quantifier'> {
  OPENING.lastIndex = at
  const opening = OPENING.exec(pattern)?.[0] ?? '('
  let end = at + opening.length
  while (end < pattern.length && pattern.charAt(end) !== ')') {
    end += pattern.charAt(end) === '|' ? 1 : barePiece(pattern, end).text.length
  }
  const kind = /^\(\?<?[=!]/.test(opening) ? 'look' : 'group'
  return { text: pattern.slice(at, end + 1), kind, inner: pattern.slice(at + opening.length, end) }
}

/** The least number of times that the piece must be there. */
export function least({ quantifier }: Piece): number {
  if (quantifier === '' || quantifier.startsWith('+')) return 1
  if (/^[*?]/.test(quantifier)) return 0
  return Number(/\d+(?=[,}])/.exec(quantifier.replace(/^\{,/, '{0,'))?.[0] ?? 0)
}

import { FilterError } from './filter-error.ts'

/** `text` of a string is its value, escapes resolved; `start` and `end` are offsets into the filter's text. */
export interface Token {
  kind: 'word' | 'string' | 'sign' | 'end'
  text: string
  start: number
  end: number
}

// syslog-ng's words (lib/cfg-lex.l): everything but quotes, brackets and separators; single dots within, so that
// 10.0.0.0/8 and web1.example.org are words, while local0..local7 is two words and a sign between.
const WORD = /[^ #'"(){}[\]\\;\r\n\t,|.@:]+(?:\.[^ #'"(){}[\]\\;\r\n\t,|.@:]+)*/y
// A comma is white space, as in syslog-ng: `level(err, crit)` and `level(err crit)` are the same. A backslash at the
// end of a line joins it to the next.
const SKIP = /(?:[ \t\r\n,\uFEFF]|\\\r?\n|#[^\n]*)+/y
const ESCAPE = /\\(?:(\r?\n)|x([0-9a-fA-F]{1,2})|o([0-7]{1,3})|([\s\S]))/uy
const PLAIN = /[^"\\]+/y
const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', n: '\n', r: '\r', t: '\t', v: '\v' }

/**
 * The words of syslog-ng's config language, as far as filters need them.
 * @throws FilterError for a string without an end and for a NUL in one.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    at = skip(SKIP, text, at)
    const start = at
    if (at >= text.length) {
      tokens.push({ kind: 'end', text: '', start, end: start })
      return tokens
    }
    const first = text.charAt(at)
    const wordEnd = skip(WORD, text, at)
    if (wordEnd > at) {
      at = wordEnd
      tokens.push({ kind: 'word', text: text.slice(start, at), start, end: at })
    } else if (first === '"' || first === "'") {
      const value = first === '"' ? doubleQuoted(text, start) : singleQuoted(text, start)
      if (value.text.includes('\0')) {
        throw new FilterError('a string can not hold a NUL character', text, start)
      }
      at = value.end
      tokens.push({ kind: 'string', ...value, start })
    } else {
      at += text.startsWith('..', at) ? 2 : 1
      tokens.push({ kind: 'sign', text: text.slice(start, at), start, end: at })
    }
  }
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : from
}

function singleQuoted(text: string, start: number): { text: string; end: number } {
  const end = text.indexOf("'", start + 1)
  if (end === -1) throw new FilterError("this ' has no closing '", text, start)
  return { text: text.slice(start + 1, end), end: end + 1 }
}

/**
 * `\n`, `\t`, `\xHH`, `\oNNN` and the like; a backslash before anything else stands for that character, so `"\\."` is
 * the pattern `\.` and `"\."` only `.`. Numbers are bytes: `"\xc3\xa9"` is é.
 */
function doubleQuoted(text: string, start: number): { text: string; end: number } {
  const parts: Buffer[] = []
  let at = start + 1
  while (at < text.length) {
    if (text.charAt(at) === '"') return { text: Buffer.concat(parts).toString('utf8'), end: at + 1 }
    const plainEnd = skip(PLAIN, text, at)
    if (plainEnd > at) {
      parts.push(Buffer.from(text.slice(at, plainEnd)))
      at = plainEnd
      continue
    }
    ESCAPE.lastIndex = at
    const [all, newline, hex, octal, other = ''] = ESCAPE.exec(text) ?? []
    if (all === undefined) break
    at += all.length
    if (newline !== undefined) continue
    if (hex !== undefined) parts.push(Buffer.of(Number.parseInt(hex, 16)))
    else if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8) & 0xff))
    else parts.push(Buffer.from(CONTROLS[other] ?? other))
  }
  throw new FilterError('this " has no closing "', text, start)
}

import { PatternError, type Ranges } from './ast.ts'
import { complement, POSIX_CLASSES } from './classes.ts'
import { readSetEscape } from './escape.ts'

const POSIX = /\[:(\^?)([a-z]+):\]/y

/**
 * Reads the bracketed class that begins at `start` (pcre2pattern(3), SQUARE BRACKETS AND CHARACTER CLASSES).
 * @throws PatternError
 */
export function readSet(source: string, start: number): { ranges: Ranges; negated: boolean; end: number } {
  const ranges: (readonly [number, number])[] = []
  const negated = source.charAt(start + 1) === '^'
  const first = start + (negated ? 2 : 1)
  let at = first
  // A ] that comes first is a character.
  while (at === first || source.charAt(at) !== ']') {
    if (at >= source.length) throw new PatternError('this "[" has no "]"; write \\\\[ for the character', start)
    const item = readItem(source, at)
    at = item.end
    if (typeof item.of !== 'number') {
      ranges.push(...item.of)
      continue
    }
    let last = item.of
    if (source.charAt(at) === '-' && source.charAt(at + 1) !== ']' && at + 1 < source.length) {
      const to = readItem(source, at + 1)
      // [a-\d]: the hyphen is a character.
      if (typeof to.of === 'number') {
        if (to.of < item.of) throw new PatternError('this range runs backwards', at - 1)
        last = to.of
        at = to.end
      }
    }
    ranges.push([item.of, last])
  }
  return { ranges, negated, end: at + 1 }
}

function readItem(source: string, at: number): { of: number | Ranges; end: number } {
  POSIX.lastIndex = at
  const [all, caret, name = ''] = POSIX.exec(source) ?? []
  if (all !== undefined) {
    const ranges = POSIX_CLASSES.get(name)
    if (ranges === undefined) throw new PatternError(`there is no class [:${name}:]`, at)
    return { of: caret === '^' ? complement(ranges) : ranges, end: at + all.length }
  }
  if (source.charAt(at) !== '\\') {
    const code = source.codePointAt(at) ?? 0
    return { of: code, end: at + (code > 0xffff ? 2 : 1) }
  }
  if (at + 1 >= source.length) throw new PatternError('a \\ at the end escapes nothing', at)
  const escaped = readSetEscape(source, at, true)
  if (escaped.kind === 'char') return { of: escaped.code, end: escaped.end }
  if (escaped.kind === 'set') return { of: escaped.ranges, end: escaped.end }
  throw new PatternError('a Unicode property between [ and ] is not supported: write it outside, with |', at)
}

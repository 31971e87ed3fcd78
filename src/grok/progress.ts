import { compileGrok } from './compile.ts'
import type { PatternLibrary } from './library.ts'
import { choicesOf, type Piece } from './pieces.ts'

/**
 * Says how many characters of a text a pattern gets through, for about the cost of a match: an estimate, since each
 * piece keeps what it takes first. `explain` finds out exactly, in 10 to 300 ms.
 *
 * The pattern `abc` is tried as `(?:a(?:b(?:c)?)?)?`. Made at the first call.
 * @throws GrokError at the first call
 */
export function progressMeter(pattern: string, library: PatternLibrary): (text: string) => number {
  let regexes: RegExp[] | null = null
  return (text) => {
    regexes ??= choicesOf(pattern.replace(/^(?:\^|\\A)/, '')).map((pieces) => {
      return compileGrok(nested(pieces), library).regex
    })
    return Math.max(0, ...regexes.map((regex) => regex.exec(text)?.[0].length ?? 0))
  }
}

function nested(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => `(?:${text}`).join('') + ')?'.repeat(pieces.length)
}

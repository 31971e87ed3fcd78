import { endOfClass } from './number-groups.ts'

/**
 * Literals that every text must contain that the expression matches, as far as they are plain to see, the rarest first.
 * `text.includes` takes 0.01 µs, an expression that fails late 10 to 50 times as much.
 */
export function requiredLiterals({ source, flags }: { source: string; flags: string }): string[] {
  if (/[imv]/.test(flags)) return []
  const { tail, found } = sequence(source, 0)
  const literals = [...new Set([...found, tail])].filter((text) => rarity(text) >= RARE)
  return literals
    .filter((text) => !literals.some((other) => other !== text && other.includes(text)))
    .sort((a, b) => rarity(b) - rarity(a))
}

/** Three letters, or a character that few texts have: shorter ones are in nearly every line. */
const RARE = 3
const SCARCE = /[%{}|\\^~@#$&;<>"]/

function rarity(text: string): number {
  return text.length + (SCARCE.test(text) ? 2 : 0)
}

const NOTHING = { head: '', tail: '', whole: true, found: [] }
const PUNCTUATION = /[^0-9A-Za-z]/

/** What a part of an expression requires. */
interface Required {
  /** What each of its matches begins and ends with. */
  head: string
  tail: string
  /** Its matches are `head` and nothing else. */
  whole: boolean
  /** What they have within. */
  found: readonly string[]
}

/** Reads up to the end of the group. No side of a `|` is required. */
function sequence(source: string, start: number): Required & { end: number } {
  let all: Required = NOTHING
  let chosen = false
  let at = start
  while (at < source.length && source.charAt(at) !== ')') {
    const char = source.charAt(at)
    let part: Required = ANYTHING
    if (char === '|') {
      chosen = true
      at++
    } else if (char === '(') {
      const opening = /^\((?:\?(?:[:=!]|<[=!]|[a-z-]+:))?/.exec(source.slice(at, at + 12))?.[0] ?? '('
      const group = sequence(source, at + opening.length)
      at = group.end + 1
      if (opening === '(' || opening === '(?:') part = group
      else if (/[=!]$/.test(opening)) part = NOTHING
    } else if (char === '[') at = endOfClass(source, at)
    else if (char === '\\') {
      const escaped = source.charAt(at + 1)
      if (PUNCTUATION.test(escaped)) part = literal(escaped)
      else if (escaped === 'b' || escaped === 'B') part = NOTHING
      at += 2
      const braced = /^(?:\{[^}]*\}|[0-9a-fA-F]{4})/
      if ('pPu'.includes(escaped)) at += braced.exec(source.slice(at))?.[0].length ?? 0
      else if (escaped === 'x') at += 2
      else if (/\d/.test(escaped)) at += /^\d*/.exec(source.slice(at))?.[0].length ?? 0
    } else {
      part = char === '.' ? ANYTHING : char === '^' || char === '$' ? NOTHING : literal(char)
      at++
    }
    const quantifier = /^(?:[*?]|\+|\{(\d+)[^}]*\})\??/.exec(source.slice(at, at + 24))
    if (quantifier !== null) {
      at += quantifier[0].length
      part = /^(?:\+|\{[1-9])/.test(quantifier[0]) ? { ...part, whole: false } : ANYTHING
    }
    all = joined(all, part)
  }
  return { ...(chosen ? ANYTHING : all), end: at }
}

const ANYTHING: Required = { head: '', tail: '', whole: false, found: [] }

function literal(char: string): Required {
  return { head: char, tail: char, whole: true, found: [] }
}

function joined(a: Required, b: Required): Required {
  const head = a.whole ? a.head + b.head : a.head
  const tail = b.whole ? a.tail + b.tail : b.tail
  const whole = a.whole && b.whole
  return { head, tail, whole, found: whole ? [] : [...a.found, ...b.found, ...(b.whole ? [] : [a.tail + b.head])] }
}

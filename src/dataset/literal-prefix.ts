const SPECIAL = new Set('.*+?()[]{}|^$\\')
const ESCAPED = new Set('.*+?()[]{}|^$\\/-"\'#=<>:,;@%&!~` _')

/**
 * The text that whatever an anchored expression matches begins with; empty when that is not plain to see. What does
 * not begin so need not be tried: 0.005 µs instead of 0.03.
 */
export function literalPrefix({ source, flags }: RegExp): string {
  if (!source.startsWith('^') || flags.includes('i') || flags.includes('m') || hasTopLevelOr(source)) return ''
  let at = 1
  // `^(?:…)` and `^(?:^…)`: what a compiler may put around the whole.
  let prefix = ''
  while (at < source.length) {
    let char = source[at]
    let next = at + 1
    if (char === '\\') {
      char = source[at + 1] ?? ''
      if (!ESCAPED.has(char)) break
      next = at + 2
    } else if (SPECIAL.has(char)) break
    // A quantifier makes it optional or repeated.
    if (/[*?{]/.test(source[next] ?? '')) break
    prefix += char
    at = next
    if (source[next] === '+') break
  }
  return prefix
}

/**
 * Plain texts that stand outside of all groups, at least three characters long: each must be in a text that matches.
 * A pattern's own prefilter is the longest of all; these may be rarer (`(pid=` beside `DEBUG`).
 */
export function outerLiterals({ source, flags }: RegExp): string[] {
  if (/[imv]/.test(flags) || hasTopLevelOr(source)) return []
  const found: string[] = []
  let run = ''
  const end = () => {
    if (run.length >= 3) found.push(run)
    run = ''
  }
  for (let at = 0; at < source.length; ) {
    let char = source[at]
    let next = at + 1
    if (char === '(' || char === '[') {
      next = char === '(' ? groupEnd(source, at) : classEnd(source, at)
      char = ''
    } else if (char === '\\') {
      char = source[at + 1] ?? ''
      next = at + 2
      if (!ESCAPED.has(char)) {
        end()
        // What follows may be part of the escape.
        if (/[a-zA-Z]/.test(char) && !/[bBdDwWsS]/.test(char)) return found
        char = ''
      }
    } else if (SPECIAL.has(char)) char = ''
    const quantified = /^[*?+{]/.test(source[next] ?? '')
    if (char === '' || quantified) end()
    else run += char
    if (quantified && source[next] === '{') next = source.indexOf('}', next)
    at = next
  }
  end()
  return found
}

function groupEnd(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    const char = source[at]
    if (char === '\\') at++
    else if (char === '[') at = classEnd(source, at) - 1
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at + 1
  }
  return source.length
}

function classEnd(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === ']') return at + 1
  }
  return source.length
}

/** True when a `|` stands outside of all groups and classes. */
function hasTopLevelOr(source: string): boolean {
  let depth = 0
  let inClass = false
  for (let i = 0; i < source.length; i++) {
    const char = source[i]
    if (char === '\\') i++
    else if (inClass) inClass = char !== ']'
    else if (char === '[') inClass = true
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) return true
  }
  return false
}

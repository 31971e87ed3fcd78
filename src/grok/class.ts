/** What `\s` is in Ruby; JavaScript's has Unicode's spaces too. */
export const SPACES = '\\t-\\r '
const SAME_CLASS_ESCAPE = /\\(?:[dDwWbntrfv]|u[0-9a-fA-F]{4}|x[0-7][0-9a-fA-F]|[^0-9A-Za-z])/y

/** Where the class that begins at `start` ends, nested ones within it; -1: nowhere. */
export function classEnd(text: string, start: number): number {
  let at = start + 1
  if (text.charAt(at) === '^') at++
  // A ] that comes first is a character.
  if (text.charAt(at) === ']') at++
  for (; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (char === '[') {
      if (text.startsWith('[:', at) && /^\[:\^?\w+:\]/.test(text.slice(at, at + 16))) at = text.indexOf(':]', at) + 1
      else {
        const end = classEnd(text, at)
        if (end === -1) return -1
        at = end - 1
      }
    } else if (char === ']') return at + 1
  }
  return -1
}

/** The class as JavaScript writes it; null when the two languages don't write it alike. */
export function commonClass(written: string): string | null {
  const opening = written.startsWith('[^') ? '[^' : '['
  const body = written.slice(opening.length, -1)
  if (body === '' || body.startsWith(']') || body.includes('&&')) return null
  let js = ''
  for (let at = 0; at < body.length; ) {
    const char = body.charAt(at)
    if (char === '[') return null
    if (char !== '\\') {
      js += char
      at++
    } else if (body.charAt(at + 1) === 's' && body.charAt(at + 2) !== '-' && !js.endsWith('-')) {
      js += SPACES
      at += 2
    } else {
      const same = takeAt(SAME_CLASS_ESCAPE, body, at)
      if (same === null) return null
      js += same[0]
      at += same[0].length
    }
  }
  return `${opening}${js}]`
}

/** What a sticky expression matches at the place. */
export function takeAt(regex: RegExp, text: string, at: number): RegExpExecArray | null {
  regex.lastIndex = at
  return regex.exec(text)
}

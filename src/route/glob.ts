/**
 * A glob as syslog-ng has it (GLib's GPatternSpec): `*` is any text, `?` one character, nothing else is special, and
 * the whole text has to match. It never goes back further than to the last `*`: text times pattern at most.
 */
export function globTest(glob: string): (text: string) => boolean {
  const pattern = [...glob.replaceAll(/\*+/g, '*')]
  const stars = pattern.filter((char) => char === '*').length
  const plain = !glob.includes('?')
  // The common forms are one native call: nova*, *nova, nova.
  if (plain && stars === 0) return (text) => text === glob
  if (plain && stars === 1 && pattern.at(-1) === '*') return startsWith(pattern.slice(0, -1).join(''))
  if (plain && stars === 1 && pattern[0] === '*') return endsWith(pattern.slice(1).join(''))
  return (text) => matches(pattern, text)
}

function startsWith(prefix: string): (text: string) => boolean {
  return (text) => text.startsWith(prefix)
}

function endsWith(suffix: string): (text: string) => boolean {
  return (text) => text.endsWith(suffix)
}

function matches(pattern: readonly string[], text: string): boolean {
  let at = 0
  let next = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const char = charAt(text, at)
    const wanted = pattern[next]
    if (wanted === '*') {
      star = next++
      starAt = at
    } else if (wanted === '?' || wanted === char) {
      next++
      at += char.length
    } else if (star !== -1) {
      next = star + 1
      starAt += charAt(text, starAt).length
      at = starAt
    } else return false
  }
  return next === pattern.length || (next === pattern.length - 1 && pattern[next] === '*')
}

/** The whole character, two code units where it needs them. */
function charAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0)
}

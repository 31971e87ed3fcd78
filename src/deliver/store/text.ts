/**
 * The search text: words separated by blanks, all of which must occur in the message, in any order; `"two words"` is a
 * phrase, `-word` and `-"two words"` must not occur. Upper and lower case are the same, and nothing else has a meaning:
 * no wildcards, no field names. A minus alone and an unclosed quote are taken as they stand.
 */
export interface Term {
  text: string
  exclude: boolean
}

export function parseText(text: string): Term[] {
  const terms: Term[] = []
  for (const [, minus, phrase, word] of text.matchAll(/(?<!\S)(-?)(?:"([^"]+)"(?!\S)|(\S+))/g)) {
    const wanted = phrase ?? word ?? ''
    terms.push({ text: wanted, exclude: minus === '-' })
  }
  return terms
}

/** An RE2 pattern that matches the text and nothing else. */
export function quoteRe2(text: string): string {
  return text
    .replaceAll('\0', '\\x00')
    .replace(/[!-/:-@[-`{-~]/g, '\\$&')
    .replaceAll('\\\\x00', '\\x00')
}

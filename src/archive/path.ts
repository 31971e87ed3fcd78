import { createHash } from 'node:crypto'

/** Upper bound of one path part in bytes. A file name has 255 on the usual file systems. */
export const MAX_PART_BYTES = 100

const HASH_DIGITS = 10
const SHORTEST_PART = 32
/** What a name may consist of to be used as it is. `~` is left out: it marks the names that were altered. */
const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.:@+=,%-]*$/u
const REPLACED = /[^\p{L}\p{M}\p{N}_.:@+=,%-]/gu
/** Taken by sluice itself: the empty name, and the file for what is over the bound of new files. */
const RESERVED = /^(_|_overflow.*)$/u

/**
 * Makes one safe path part (a file or directory name, or a piece of one) of a name that a stranger chose.
 *
 * Letters, digits and `_.:@+=,%-` stay; `/`, blanks, control and invisible characters, and what a shell would read
 * become `_`, and so does a leading dot or dash: never hidden, never `.` or `..`, never an option. At most `maxBytes`
 * bytes of UTF-8. An empty name is `_`. A name that had to be altered ends in `~` and a hash of the original
 * (`postfix/smtpd`: `postfix_smtpd~…`), so that two different names never share a part and none can
 * pass itself off as another.
 */
export function safePart(name: string, maxBytes = MAX_PART_BYTES): string {
  if (name === '') return '_'
  // A UTF-16 unit is at most three bytes, so that most names need no measuring.
  const fits = name.length * 3 <= maxBytes || Buffer.byteLength(name) <= maxBytes
  if (fits && PLAIN.test(name) && !RESERVED.test(name)) return name
  // As UTF-16: in UTF-8 all lone surrogates would be the same.
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex').slice(0, HASH_DIGITS)
  const safe = name
    .slice(0, maxBytes)
    .replace(REPLACED, '_')
    .replace(/^[^\p{L}\p{N}_]/u, '_')
  return `${cut(safe, maxBytes - HASH_DIGITS - 1)}~${hash}`
}

/** How many bytes each of `count` parts may have in a path component with `fixed` bytes of other text; 0: too many. */
export function partBytes(count: number, fixed: number): number {
  const share = Math.min(MAX_PART_BYTES, Math.floor((255 - fixed) / count))
  return share < SHORTEST_PART ? 0 : share
}

function cut(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read)
}

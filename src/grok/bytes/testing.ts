import type { ByteMatcher } from './matcher.ts'

/** The texts of the groups and where the first two are; null: no match. */
export type Found = (string | undefined)[] | null

/** What a matcher finds in a text that stands between others. */
export function byBytes(matcher: ByteMatcher, text: string): Found {
  const bytes = Buffer.from(`a1${text}b1`, 'latin1')
  const ranges = new Int32Array(2 * matcher.groups).fill(77)
  if (!matcher.match(bytes, 2, bytes.length - 2, ranges)) return null
  return Array.from({ length: matcher.groups }, (_, group) => {
    const [begin, end] = ranges.subarray(2 * group)
    if (begin === -1 && end === -1) return undefined
    return `${begin - 2}-${end - 2}`
  })
}

export function byRegex({ source, flags }: RegExp, text: string): Found {
  const match = new RegExp(source, `${flags}d`).exec(text)
  if (match === null) return null
  return Array.from({ length: match.length }, (_, group) => {
    const range: readonly number[] | undefined = match.indices?.[group]
    return range?.join('-')
  })
}

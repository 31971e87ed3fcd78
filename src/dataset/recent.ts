const PLACES = 64
/** Longer captures would keep the line that they are a part of in memory. */
const LENGTH = 12

/**
 * The same function, with its last answers for short texts at hand. What an expression captures is a new string each
 * time, without a hash: a Map takes 0.05 µs to find it, comparing it with the one text that stands in its place 0.01.
 */
export function recent<T>(find: (text: string) => T): (text: string) => T {
  const texts: (string | null)[] = new Array(PLACES).fill(null)
  const found: T[] = []
  return (text) => {
    const { length } = text
    if (length === 0 || length > LENGTH) return find(text)
    const place = (length + text.charCodeAt(0) * 3 + text.charCodeAt(length - 1) * 7) & (PLACES - 1)
    if (texts[place] !== text) {
      found[place] = find(text)
      texts[place] = text
    }
    return found[place]
  }
}

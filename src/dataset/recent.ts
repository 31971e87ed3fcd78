import type { Memory } from '../event/memory.ts'

const PLACES = 64
/** Bytes of a text that is remembered, and of its place; the first holds its length. */
const LENGTH = 15
const WIDTH = 16

/** Gives what stands for a text, which is bytes [from, to) of the memory. */
export type Finder<T> = (memory: Memory, from: number, to: number) => T

/**
 * The same function for bytes, with its last answers for short texts at hand: comparing them with the one text that
 * stands in their place takes 0.01 µs; a string of them and a Map 0.1.
 */
export function recent<T>(find: (text: string) => T): Finder<T> {
  const texts = new Uint8Array(PLACES * WIDTH)
  const found: T[] = []
  return (memory, from, to) => {
    const { bytes } = memory
    const length = to - from
    if (length === 0 || length > LENGTH) return find(memory.text(from, to))
    const place = (length + bytes[from] * 3 + bytes[to - 1] * 7) & (PLACES - 1)
    const own = place * WIDTH
    let same = texts[own] === length
    for (let i = 1; same && i <= length; i++) same = texts[own + i] === bytes[from + i - 1]
    if (!same) {
      found[place] = find(memory.text(from, to))
      texts[own] = length
      for (let i = 1; i <= length; i++) texts[own + i] = bytes[from + i - 1]
    }
    return found[place]
  }
}

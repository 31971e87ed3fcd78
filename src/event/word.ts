/** A byte times this is that byte in each of a word's four. */
export const EACH = 0x01010101

/** True when one of the word's bytes is 0: only then does a borrow set a top bit that the word has not. */
export function hasZero(word: number): boolean {
  return ((word - EACH) & ~word & 0x80808080) !== 0
}

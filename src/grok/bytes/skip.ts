import { hasZero } from '../../event/word.ts'

/*
 * Ways through bytes four at a time, for one character: 0.15 ns a byte, where a loop over bytes takes 0.5. `each` is
 * the character, in each byte of a word.
 */

/** The first place of [from, to) at which the character stands; `to` when it is at none. */
export function firstOf(view: DataView, from: number, to: number, each: number): number {
  let p = from
  for (; p + 4 <= to; p += 4) if (hasZero(view.getInt32(p, true) ^ each)) break
  const char = each & 0x7f
  while (p < to && view.getUint8(p) !== char) p++
  return p
}

/** The last place of [from, to] at which the character stands; `from - 1` when it is at none. */
export function lastOf(view: DataView, from: number, to: number, each: number): number {
  let p = to
  for (; p - 3 >= from; p -= 4) if (hasZero(view.getInt32(p - 3, true) ^ each)) break
  const char = each & 0x7f
  while (p >= from && view.getUint8(p) !== char) p--
  return p
}

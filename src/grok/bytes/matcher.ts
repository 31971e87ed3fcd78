import type { Memory } from '../../event/memory.ts'
import { generate } from './generate.ts'
import { parse, Unsupported } from './parse.ts'

/**
 * Finds an anchored expression in ASCII bytes, as `RegExp.exec` would in their text.
 *
 * V8 wants a string and makes one for each group, which is most of what a match costs. µs a line with decoding it, and
 * here (bench/micro-grok.ts): sshd's failed logins 0.18 and 0.06, headers of nova's API 0.36 and 0.08, with a place in
 * the source at the end 0.49 and 0.16, HAProxy's requests 0.48 and 0.18.
 */
export interface ByteMatcher {
  /** Groups, the whole match (0) included. */
  readonly groups: number
  /**
   * Its bytes [from, to) are the text: `^` stands for from, `$` for to. All must be below 0x80. On a match `ranges`
   * (length at least 2 * groups) gets begin and end of each group as offsets in the memory, -1 for one that took no part;
   * otherwise it may hold anything.
   *
   * Null: the text makes the expression go back too often, or too deep. V8 is to be asked, which has an engine that
   * texts can't stall (see src/route/matcher.ts).
   */
  match(memory: Memory, from: number, to: number, ranges: Int32Array): boolean | null
}

/**
 * null: the expression is not anchored at its start, or has something that is not supported (then V8's regex is used).
 *
 * Of the 1003 shipped expressions none is. Each takes 0.15 ms when others were compiled before and 0.5 ms at the start,
 * those with IPv6 addresses 4; 6 KB, and 4 more once it was tried.
 */
export function byteMatcher(regex: RegExp): ByteMatcher | null {
  try {
    const { tree, groups } = parse(regex)
    return { groups, match: generate(tree) }
  } catch (error) {
    // Groups within groups by the thousand are more than the stack holds.
    if (error instanceof Unsupported || error instanceof RangeError) return null
    throw error
  }
}

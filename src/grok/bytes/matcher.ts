import { generate } from './generate.ts'
import { parse, Unsupported } from './parse.ts'

/**
 * Finds an anchored expression in ASCII bytes, as `RegExp.exec` would in their text.
 *
 * V8 wants a string and makes one for each group, which is most of what a match costs. µs a line with decoding it, and
 * here (bench/micro-grok.ts): sshd's failed logins 0.18 and 0.055, headers of nova's API 0.36 and 0.08, with a place in
 * the source at the end 0.49 and 0.18, HAProxy's requests 0.48 and 0.18.
 */
export interface ByteMatcher {
  /** Groups, the whole match (0) included. */
  readonly groups: number
  /**
   * bytes[from, to) is the text: `^` stands for from, `$` for to. All bytes must be below 0x80. On a match `ranges`
   * (length at least 2 * groups) gets begin and end of each group as offsets in `bytes`, -1 for one that took no part. On
   * false, `ranges` may hold anything.
   */
  match(bytes: Uint8Array, from: number, to: number, ranges: Int32Array): boolean
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
    return new Compiled(regex, groups, generate(tree))
  } catch (error) {
    // Groups within groups by the thousand are more than the stack holds.
    if (error instanceof Unsupported || error instanceof RangeError) return null
    throw error
  }
}

/** Null: it went too deep for the stack. */
export type Match = (bytes: Uint8Array, from: number, to: number, ranges: Int32Array) => boolean | null

class Compiled implements ByteMatcher {
  readonly groups: number
  readonly #regex: RegExp
  readonly #match: Match

  constructor(regex: RegExp, groups: number, match: Match) {
    this.#regex = regex
    this.groups = groups
    this.#match = match
  }

  match(bytes: Uint8Array, from: number, to: number, ranges: Int32Array): boolean {
    return this.#match(bytes, from, to, ranges) ?? this.#byRegex(bytes, from, to, ranges)
  }

  /** Few texts need it: they repeat what is repeated in several ways hundreds of times. */
  #byRegex(bytes: Uint8Array, from: number, to: number, ranges: Int32Array): boolean {
    const { source, flags } = this.#regex
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
    const indices = new RegExp(source, `${flags}d`).exec(text)?.indices
    if (indices === undefined) return false
    for (let group = 0; group < this.groups; group++) {
      // A group that took no part has no indices, whatever the type says.
      const range: readonly number[] | undefined = indices[group]
      ranges[2 * group] = range === undefined ? -1 : from + range[0]
      ranges[2 * group + 1] = range === undefined ? -1 : from + range[1]
    }
    return true
  }
}

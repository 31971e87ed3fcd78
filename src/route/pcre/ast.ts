/** Sorted or not, overlapping or not: pairs of first and last character code. */
export type Ranges = readonly (readonly [number, number])[]

export interface Flags {
  /** (?i) */
  ignoreCase: boolean
  /** (?m) */
  multiline: boolean
  /** (?s) */
  dotAll: boolean
  /** (?x) */
  extended: boolean
}

/** One piece of a pattern. `ignoreCase` is kept with the characters, since inline flags change it in mid-pattern. */
export type Rx =
  | { kind: 'char'; code: number; ignoreCase: boolean }
  | { kind: 'set'; ranges: Ranges; negated: boolean; ignoreCase: boolean }
  /** A Unicode property, `\p{L}` or `\P{L}`, as JavaScript writes it. */
  | { kind: 'property'; text: string }
  | { kind: 'assertion'; what: 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'notWord' }
  | { kind: 'capture'; index: number; of: Rx }
  | { kind: 'look'; behind: boolean; negated: boolean; of: Rx }
  | { kind: 'atomic'; of: Rx }
  | { kind: 'sequence'; items: readonly Rx[] }
  | { kind: 'alternatives'; options: readonly Rx[] }
  | { kind: 'repeat'; min: number; max: number; mode: 'greedy' | 'lazy' | 'possessive'; of: Rx }
  /** `at`: offset into the pattern, for errors. */
  | { kind: 'backref'; index: number; ignoreCase: boolean; at: number }

/** What the pattern wants and JavaScript can't do, or a plain mistake. `offset`: index into the pattern. */
export class PatternError extends Error {
  readonly offset: number
  constructor(problem: string, offset: number) {
    super(problem)
    this.offset = offset
  }
}

import type { PriorityPart } from './names.ts'
import type { Network } from './network.ts'

/** The texts of a line that can be matched. `match`: what `match()` sees without `value()`, `program[pid]: message`. */
export const STATIC_FIELDS = ['HOST', 'PROGRAM', 'FACILITY', 'FACILITY_NUM', 'LEVEL', 'LEVEL_NUM', 'PRI'] as const
export const DYNAMIC_FIELDS = ['MESSAGE', 'PID', 'MSGHDR', 'SOURCEIP', 'TAGS', 'match'] as const
export type StaticField = (typeof STATIC_FIELDS)[number]
export type DynamicField = (typeof DYNAMIC_FIELDS)[number]
export type Field = StaticField | DynamicField

export const PATTERN_TYPES = ['pcre', 'glob', 'string'] as const
export type PatternType = (typeof PATTERN_TYPES)[number]

/** Only the flags that change what matches; the others (`store-matches`, `disable-jit`, …) are taken and forgotten. */
export const MATCH_FLAGS = ['ignore-case', 'prefix', 'substring', 'newline', 'utf8'] as const
export type MatchFlag = (typeof MATCH_FLAGS)[number]

export interface Pattern {
  text: string
  type: PatternType
  flags: readonly MatchFlag[]
}

/** One filter expression. `at`: offset into the filter's text. */
export type Node = (
  | { kind: 'and' | 'or'; left: Node; right: Node }
  | { kind: 'not'; of: Node }
  /** `codes`: bit n set = facility or severity n is meant. */
  | { kind: PriorityPart; codes: number }
  /** `call`: the function as written, such as `host`; `patternAt`: where the pattern stands. */
  | { kind: 'text'; call: string; field: Field; pattern: Pattern; patternAt: number }
  | { kind: 'netmask'; network: Network }
  | { kind: 'tags'; names: readonly string[] }
  | { kind: 'filter'; name: string }
) & { at: number }

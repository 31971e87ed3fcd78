import type { CharSet } from './char-set.ts'

/**
 * What an expression consists of. `back`: it is part of a lookbehind, which is matched from its end to its beginning;
 * the parts of a sequence stand in the order in which they are matched.
 */
export type Node =
  | { kind: 'set'; set: CharSet; back: boolean }
  | { kind: 'sequence'; of: Node[] }
  | { kind: 'choice'; of: Node[] }
  | Repeat
  | { kind: 'group'; of: Node; number: number; back: boolean }
  | { kind: 'look'; of: Node; ahead: boolean; negative: boolean; back: boolean }
  /** Matched in one way only: (?=(…))\1 */
  | { kind: 'atomic'; of: Node; number: number }
  | { kind: 'reference'; number: number }
  | { kind: 'edge'; end: boolean; back: boolean }
  | { kind: 'boundary'; negative: boolean; back: boolean }

export interface Repeat {
  kind: 'repeat'
  of: Node
  least: number
  /** May be Infinity. */
  most: number
  lazy: boolean
}

/** The numbers of the groups within. */
export function groupsOf(node: Node): number[] {
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      return node.of.flatMap(groupsOf)
    case 'group':
      return [node.number, ...groupsOf(node.of)]
    case 'repeat':
    case 'look':
    case 'atomic':
      return groupsOf(node.of)
    default:
      return []
  }
}

/** True for what may match nothing. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'sequence':
      return node.of.every(isNullable)
    case 'choice':
      return node.of.some(isNullable)
    case 'repeat':
      return node.least === 0 || isNullable(node.of)
    case 'group':
    case 'atomic':
      return isNullable(node.of)
    default:
      return true
  }
}

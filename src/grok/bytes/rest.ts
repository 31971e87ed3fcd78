import { ALL } from './char-set.ts'
import { isNullable, type Node } from './tree.ts'

/** What is still to be matched, as a list. */
export interface Rest {
  /** Null: nothing, any text fits. */
  node: Node | typeof CHECK | null
  next: Rest
}

/** Takes no character, and may fail. */
export const CHECK = { kind: 'check' } as const
export const DONE: Rest = {
  node: null,
  get next() {
    return this
  },
}

/** True when it matches whatever follows. */
export function isSure({ node, next }: Rest): boolean {
  if (node === null) return true
  if (node.kind === 'check') return false
  return isSure(next) ? isSureNode(node) : isAnything(node) && matchesAtEdge(next)
}

/** True when it matches at any place. */
function isSureNode(node: Node): boolean {
  switch (node.kind) {
    case 'repeat':
      return node.least === 0
    case 'sequence':
      return node.of.every(isSureNode)
    case 'choice':
      return node.of.some(isSureNode)
    case 'group':
      return isSureNode(node.of)
    default:
      return false
  }
}

function isAnything(node: Node): boolean {
  if (node.kind === 'group') return isAnything(node.of)
  if (node.kind !== 'repeat' || node.least > 0 || node.most < Infinity) return false
  return node.of.kind === 'set' && node.of.set === ALL
}

/** True when it matches where there are no more characters. */
function matchesAtEdge({ node, next }: Rest): boolean {
  if (node === null) return true
  return node.kind !== 'check' && matchesEdge(node) && matchesAtEdge(next)
}

function matchesEdge(node: Node): boolean {
  switch (node.kind) {
    case 'repeat':
      return node.least === 0
    case 'sequence':
      return node.of.every(matchesEdge)
    case 'choice':
      return node.of.some(matchesEdge)
    case 'group':
      return matchesEdge(node.of)
    case 'edge':
      return node.end !== node.back
    case 'look':
      return node.negative && node.ahead !== node.back && !isNullable(node.of)
    default:
      return false
  }
}

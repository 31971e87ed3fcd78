import { ALL, type CharSet, EDGE, WORD } from './char-set.ts'
import { isNullable, type Node } from './tree.ts'

const ANY = ALL | EDGE
const OTHER = ANY & ~WORD

/** Where it is known what stands before `\b`, only what stands after it need be looked at. */
export function resolveBoundaries(tree: Node): Node {
  return resolve(tree, EDGE)
}

/** @param before what the character before the node is one of */
function resolve(node: Node, before: CharSet): Node {
  switch (node.kind) {
    case 'boundary': {
      if (node.back) return node
      const isWord = (before & ~WORD) === 0n
      if (!isWord && (before & ~OTHER) !== 0n) return node
      const of: Node = { kind: 'set', set: WORD, back: false }
      return { kind: 'look', of, ahead: true, negative: isWord !== node.negative, back: false }
    }
    case 'sequence': {
      let last = before
      const of = node.of.map((one) => {
        const resolved = resolve(one, last)
        last = lastOf(one, last)
        return resolved
      })
      return { ...node, of }
    }
    case 'choice':
      return { ...node, of: node.of.map((one) => resolve(one, before)) }
    case 'repeat':
      return { ...node, of: resolve(node.of, node.most > 1 ? before | lastOf(node.of, before) : before) }
    case 'group':
    case 'atomic':
      return { ...node, of: resolve(node.of, before) }
    case 'look':
      return node.ahead ? { ...node, of: resolve(node.of, before) } : node
    default:
      return node
  }
}

/** What the character before the end of the node is one of. */
function lastOf(node: Node, before: CharSet): CharSet {
  switch (node.kind) {
    case 'set':
      return node.set
    case 'sequence':
      return node.of.reduce((last, one) => lastOf(one, last), before)
    case 'choice':
      return node.of.reduce((last, one) => last | lastOf(one, before), 0n)
    case 'repeat':
      return lastOf(node.of, before) | (node.least === 0 || isNullable(node.of) ? before : 0n)
    case 'group':
    case 'atomic':
      return lastOf(node.of, before)
    case 'reference':
      return ANY
    default:
      return before
  }
}

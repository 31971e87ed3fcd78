import { ALL } from './char-set.ts'
import { isNullable, type Node } from './tree.ts'

/** Takes no character, and may fail. */
export const CHECK = { kind: 'check' } as const

/** What is still to be matched, as a list. */
export class Rest {
  /** Null: nothing, any text fits. */
  readonly node: Node | typeof CHECK | null
  readonly next: Rest
  /** True when it matches whatever follows. */
  readonly isSure: boolean
  /** True when it matches where there are no more characters. */
  readonly matchesAtEdge: boolean
  /** Made when the first is asked for: most are never. */
  #before: Map<Node | typeof CHECK, Rest> | null = null

  constructor(node: Rest['node'] = null, next?: Rest) {
    this.node = node
    this.next = next ?? this
    if (node === null || node.kind === 'check') {
      this.isSure = node === null
      this.matchesAtEdge = node === null
      return
    }
    this.matchesAtEdge = this.next.matchesAtEdge && matchesEdge(node)
    this.isSure = this.next.isSure ? isSure(node) : this.next.matchesAtEdge && isAnything(node)
  }

  /** The same one for the same node. */
  after(node: Node | typeof CHECK): Rest {
    this.#before ??= new Map()
    let rest = this.#before.get(node)
    if (rest === undefined) {
      rest = new Rest(node, this)
      this.#before.set(node, rest)
    }
    return rest
  }
}

/** True when it can match so that all that it must take is what `of` is true of. */
function holds(node: Node, of: (node: Node) => boolean): boolean {
  switch (node.kind) {
    case 'repeat':
      return node.least === 0
    case 'sequence':
      return node.of.every((one) => holds(one, of))
    case 'choice':
      return node.of.some((one) => holds(one, of))
    case 'group':
      return holds(node.of, of)
    default:
      return of(node)
  }
}

/** True when it matches at any place. */
function isSure(node: Node): boolean {
  return holds(node, () => false)
}

function isAnything(node: Node): boolean {
  if (node.kind === 'group') return isAnything(node.of)
  if (node.kind !== 'repeat' || node.least > 0 || node.most < Infinity) return false
  return node.of.kind === 'set' && node.of.set === ALL
}

/** True when it matches where there are no more characters. */
function matchesEdge(node: Node): boolean {
  return holds(node, (one) => {
    if (one.kind === 'edge') return one.end !== one.back
    return one.kind === 'look' && one.negative && one.ahead !== one.back && !isNullable(one.of)
  })
}

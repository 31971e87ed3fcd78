import { testOf, WORD } from './char-set.ts'
import { keep, lookAt, mark, putBack, setsOf, takeCount, takeMost, takeReference, takeSets, unset } from './code.ts'
import type { Follow } from './follow.ts'
import type { Rest } from './rest.ts'
import { groupsOf, type Node, type Repeat } from './tree.ts'

/** What is done once a node has matched. */
export interface Then {
  rest: Rest
  /** JavaScript that ends with one of the two statements. */
  code(succeed: string, fail: string): string
  /** True when it is short: it may be written several times. */
  short?: boolean
}

/** Who writes the whole expression. */
export interface Writer {
  readonly follow: Follow
  readonly functions: readonly string[]
  /** A number for names. */
  id(): number
  /** JavaScript that ends with `succeed` when the node and what follows it match, otherwise with `fail`. */
  node(node: Node, then: Then, succeed: string, fail: string): string
}

/** Writes what need be tried in one way only. */
export class Direct {
  readonly #writer: Writer

  constructor(writer: Writer) {
    this.#writer = writer
  }

  sequence(nodes: readonly Node[], rests: readonly Rest[], fail: string): string {
    let code = ''
    for (let i = 0; i < nodes.length; ) {
      const first = setsOf(nodes[i])
      if (first === null) {
        code += this.node(nodes[i], rests[i], fail)
        i++
        continue
      }
      const sets = [...first.sets]
      for (i++; i < nodes.length; i++) {
        const more = setsOf(nodes[i])
        if (more === null) break
        sets.push(...more.sets)
      }
      code += takeSets(sets, first.back, fail)
    }
    return code
  }

  /** JavaScript that goes on after it when the node matches, in the first way that it does, otherwise ends with `fail`. */
  node(node: Node, rest: Rest, fail: string): string {
    const id = this.#writer.id()
    switch (node.kind) {
      case 'set':
        return takeSets([node.set], node.back, fail)
      case 'sequence':
        return this.sequence(node.of, this.#writer.follow.rests(node.of, rest), fail)
      case 'group':
        return `${mark(node.number, !node.back)} ${this.node(node.of, rest, fail)} ${mark(node.number, node.back)}`
      case 'choice': {
        const parts = node.of.map((one, i) => {
          if (i === node.of.length - 1) return this.node(one, rest, fail)
          const tried = this.node(one, rest, `break a${id}`)
          return `a${id}: { ${tried} break d${id}; } p = q${id}; ${unset(groupsOf(one))}`
        })
        return `d${id}: { const q${id} = p; ${unset(groupsOf(node))} ${parts.join('\n')} }`
      }
      case 'repeat':
        return this.#loop(node, rest, id, fail)
      case 'look':
        return this.#look(node, rest, id, fail)
      case 'atomic':
        return `{ ${this.#once(node.of, id, fail)} p = r[${2 * node.number + 1}]; }`
      case 'reference':
        return `{ ${takeReference(node.number, id, fail)} }`
      case 'edge':
        return `if (p !== ${node.end ? 'e' : 's'}) ${fail};`
      case 'boundary': {
        const word = (room: string, at: string) => `(${room} && ${testOf(WORD, `b[${at}]`)})`
        const same = `${word('p !== s', 'p - 1')} ${node.negative ? '!==' : '==='} ${word('p !== e', 'p')}`
        return `if (${same}) ${fail};`
      }
    }
  }

  #loop(node: Repeat, rest: Rest, id: number, fail: string): string {
    const { of, least, lazy } = node
    const most = lazy && rest.isSure ? least : node.most
    if (most === 0) return unset(groupsOf(of))
    if (of.kind === 'set') {
      if (least === most) return `{ ${takeCount(of.set, least, of.back, id, fail)} }`
      return `{ ${takeMost({ ...node, most }, of.set, of.back, id, fail)} }`
    }
    const within = this.#writer.follow.within(node, rest)
    const groups = groupsOf(of)
    if (most === 1 && least === 0) {
      return `d${id}: { const q${id} = p; a${id}: { ${this.node(of, within, `break a${id}`)} break d${id}; } p = q${id}; ${unset(groups)} }`
    }
    const counted = least > 0 || most !== Infinity
    return `{ ${unset(groups)} ${counted ? `let n${id} = 0;` : ''}
d${id}: while (${most === Infinity ? 'true' : `n${id} < ${most}`}) { const q${id} = p; ${keep(groups)}
a${id}: { ${this.node(of, within, `break a${id}`)} ${counted ? `n${id}++;` : ''} continue d${id}; }
p = q${id}; ${putBack(groups)} break; }
${least > 0 ? `if (n${id} < ${least}) ${fail};` : ''} }`
  }

  #look(node: Extract<Node, { kind: 'look' }>, rest: Rest, id: number, fail: string): string {
    const { of, ahead, negative } = node
    if (of.kind === 'set') {
      if (ahead !== node.back && !negative && (this.#writer.follow.first(rest) & ~of.set) === 0n) return ''
      return lookAt(of.set, ahead, negative, fail)
    }
    if (!negative) {
      return `{ const q${id} = p; ${this.#once(of, id, fail)} p = q${id}; }`
    }
    return `{ const q${id} = p; a${id}: { ${this.#once(of, id, `break a${id}`)} ${fail}; }
p = q${id}; ${unset(groupsOf(of))} }`
  }

  /** The node by itself: once it has matched it is not tried in other ways. */
  #once(node: Node, id: number, fail: string): string {
    const end: Then = { rest: this.#writer.follow.done, code: (succeed) => `${succeed};`, short: true }
    const before = this.#writer.functions.length
    const code = `d${id}: { ${this.#writer.node(node, end, `break d${id}`, fail)} }`
    return this.#writer.functions.length === before ? code : `const h${id} = depth; ${code} depth = h${id};`
  }
}

import { ALL, type CharSet, EDGE } from './char-set.ts'
import { CHECK, Rest } from './rest.ts'
import { isNullable, type Node, type Repeat } from './tree.ts'

/** How a text may begin that fits a rest. No more exactly than it takes to tell two apart. */
interface Opening {
  /** True: with anything. */
  any: boolean
  steps: { set: CharSet; next: Rest }[]
}

const ANY: CharSet = ALL | EDGE
const ANYTHING: Opening = { any: true, steps: [] }
/** Bounds of what is looked at; beyond them nothing is known. */
const STEPS = 100
const DEPTH = 60
const PAIRS = 100
const COUNT = 16
const CHOICES = 64

/** Answers questions about what follows a place of one expression. */
export class Follow {
  /** Nothing follows, and any text fits. */
  readonly done = new Rest()
  readonly #openings = new Map<Rest, Opening>()
  readonly #direct = new Map<Rest, boolean>()
  readonly #less = new Map<Repeat, Repeat>()

  /** What follows each of the nodes. */
  rests(nodes: readonly Node[], next: Rest): Rest[] {
    const rests = [next]
    for (let i = nodes.length - 1; i > 0; i--) rests.push(rests[rests.length - 1].after(nodes[i]))
    return rests.reverse()
  }

  /** What follows one time of what is repeated. */
  within(node: Repeat, next: Rest): Rest {
    const { of, least, most } = node
    const again = most === 1 ? next : next.after(this.#star(node))
    return isNullable(of) || least > 1 ? again.after(CHECK) : again
  }

  /**
   * True when only the first way in which the node matches need be tried: whenever it does, either what follows matches
   * too, or in no other way of the node it would.
   */
  isDirect(node: Node, next: Rest): boolean {
    const rest = next.after(node)
    let direct = this.#direct.get(rest)
    if (direct === undefined) {
      direct = this.#isDirect(node, next)
      this.#direct.set(rest, direct)
    }
    return direct
  }

  #isDirect(node: Node, next: Rest): boolean {
    switch (node.kind) {
      case 'group':
        return this.isDirect(node.of, next)
      case 'sequence': {
        const rests = this.rests(node.of, next)
        return node.of.every((one, i) => this.isDirect(one, rests[i]))
      }
      case 'choice':
        if (node.of.length > CHOICES || !node.of.every((one) => this.isDirect(one, next))) return false
        return (
          next.isSure ||
          node.of.every((one, i) => node.of.slice(i + 1).every((other) => this.#excludes(one, next.after(other))))
        )
      case 'repeat':
        if (node.most === 0 || (node.of.kind === 'set' && node.least === node.most)) return true
        if (isNullable(node.of)) return false
        if (!next.isSure && !this.#excludes(node.of, next)) return false
        return this.isDirect(node.of, this.within(node, next))
      default:
        return true
    }
  }

  /** True when no text that begins as the node does fits the rest. */
  #excludes(node: Node, rest: Rest): boolean {
    const seen = new Map<Rest, Set<Rest>>()
    let pairs = 0
    const meet = (a: Rest, b: Rest): boolean => {
      if (seen.get(a)?.has(b)) return false
      if (++pairs > PAIRS) return true
      seen.set(a, (seen.get(a) ?? new Set()).add(b))
      const one = this.#opening(a)
      const other = this.#opening(b)
      if (one.any || other.any) return true
      return one.steps.some((step) =>
        other.steps.some(({ set, next }) => {
          const both = step.set & set
          return both !== 0n && ((both & EDGE) !== 0n || meet(step.next, next))
        }),
      )
    }
    return !meet(this.done.after(node), rest)
  }

  /** What texts that fit the rest begin with, `EDGE` included. */
  first(rest: Rest): CharSet {
    const { any, steps } = this.#opening(rest)
    return any ? ANY : steps.reduce((first, { set }) => first | set, 0n)
  }

  #opening(rest: Rest): Opening {
    let opening = this.#openings.get(rest)
    if (opening === undefined) {
      const walked: Opening = { any: false, steps: [] }
      this.#walk(rest, ANY, walked, 0)
      opening = walked.any ? ANYTHING : walked
      this.#openings.set(rest, opening)
    }
    return opening
  }

  /** @param only what the next character must be one of */
  #walk({ node, next }: Rest, only: CharSet, to: Opening, depth: number): void {
    if (only === 0n || to.any) return
    if (depth > DEPTH || to.steps.length > STEPS) {
      to.any = true
      return
    }
    if (node === null) {
      if (only === ANY) to.any = true
      else to.steps.push({ set: only, next: this.done })
      return
    }
    const walk = (rest: Rest, among = only) => this.#walk(rest, among, to, depth + 1)
    switch (node.kind) {
      case 'set':
        if ((node.set & only) !== 0n) to.steps.push({ set: node.set & only, next })
        return
      case 'sequence':
        walk(this.rests([node, ...node.of], next)[0])
        return
      case 'choice':
        for (const one of node.of) walk(next.after(one))
        return
      case 'group':
      case 'atomic':
        walk(next.after(node.of))
        return
      case 'repeat':
        if (node.most > 0) walk(next.after(this.#once(node)).after(node.of))
        if (node.least === 0) walk(next)
        return
      case 'reference':
        to.any = true
        return
      default:
        walk(next, only & nextOf(node))
    }
  }

  /** What is left of it after one time. */
  #once(node: Repeat): Repeat {
    const { least, most, of } = node
    if (least === 0 && (most > COUNT || isNullable(of))) return this.#star(node)
    let less = this.#less.get(node)
    if (less === undefined) {
      less = { ...node, least: Math.max(0, least - 1), most: most > COUNT ? Infinity : most - 1 }
      this.#less.set(node, less)
    }
    return less
  }

  readonly #stars = new Map<Node, Repeat>()

  #star({ of }: Repeat): Repeat {
    let star = this.#stars.get(of)
    if (star === undefined) {
      star = { kind: 'repeat', of, least: 0, most: Infinity, lazy: false }
      this.#stars.set(of, star)
    }
    return star
  }
}

/** What the next character must be one of, by a node that takes none. */
function nextOf(node: Node | typeof CHECK): CharSet {
  if (node.kind === 'edge') return node.end !== node.back ? EDGE : ANY
  if (node.kind !== 'look' || node.ahead === node.back || node.of.kind !== 'set') return ANY
  return node.negative ? ANY & ~node.of.set : node.of.set
}

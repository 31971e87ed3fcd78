import { GROUPS } from './enrichment.ts'
import type { Leaf } from './leaves.ts'
import { ObjectMember } from './members.ts'
import type { Known } from './probes.ts'
import { END, type Part, Template } from './template.ts'

type Branch = Map<string, Branch | Leaf>

/** Puts members under the objects of their dotted names, and sorts them by the group of the event that they go to. */
export class MemberTree {
  readonly #root: Branch = new Map()

  /**
   * @throws Error when the field is an object already, or lies within one that is a value
   */
  add(field: string, leaf: Leaf): void {
    const path = field.split('.')
    let branch = this.#root
    for (const [i, name] of path.slice(0, -1).entries()) {
      let next = branch.get(name)
      if (next === undefined) {
        next = new Map()
        branch.set(name, next)
      }
      if (typeof next === 'function')
        throw new Error(`${path.slice(0, i + 1).join('.')} is a value, and ${field} lies in it`)
      branch = next
    }
    const last = path[path.length - 1]
    if (branch.get(last) instanceof Map) throw new Error(`${field} is an object of other fields, and a value too`)
    branch.set(last, leaf)
  }

  /** What writes the members of lines of which this is known, in the order of GROUPS, and tells where each ends. */
  template(known: Known): Template {
    const names = new Set<string>(GROUPS)
    const parts = GROUPS.flatMap((group): Part[] => {
      const branch =
        group === 'rest' ? new Map([...this.#root].filter(([name]) => !names.has(name))) : this.#root.get(group)
      return [...(branch instanceof Map ? partsOf(branch, known) : []), END]
    })
    return new Template(parts)
  }
}

function partsOf(branch: Branch, known: Known): Part[] {
  return [...branch].flatMap(([name, below]) =>
    typeof below === 'function' ? below(name, known) : objectOf(name, partsOf(below, known)),
  )
}

/** An object that surely begins with some member is always there: it needs none that looks. */
function objectOf(name: string, inside: readonly Part[]): Part[] {
  const [first, ...rest] = inside
  if (first === undefined) return []
  if (typeof first !== 'string') return [new ObjectMember(name, new Template(inside))]
  // Members begin with a comma.
  return [`,${JSON.stringify(name)}:{${first.slice(1)}`, ...rest, '}']
}

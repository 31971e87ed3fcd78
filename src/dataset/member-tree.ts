import { GROUPS } from './enrichment.ts'
import { ConstantMember, type Member, ObjectMember } from './members.ts'

type Branch = Map<string, Branch | ((key: string) => Member)>

/** Puts members under the objects of their dotted names, and sorts them by the group of the event that they go to. */
export class MemberTree {
  readonly #root: Branch = new Map()

  /**
   * @param make the member for its last name
   * @throws Error when the field is an object already, or lies within one that is a value
   */
  add(field: string, make: (key: string) => Member): void {
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
    branch.set(last, make)
  }

  /** By index of GROUPS. */
  groups(): Member[][] {
    return GROUPS.map((group) => {
      if (group !== 'rest') {
        const branch = this.#root.get(group)
        return branch instanceof Map ? membersOf(branch) : []
      }
      const names = new Set<string>(GROUPS)
      return membersOf(new Map([...this.#root].filter(([name]) => !names.has(name))))
    })
  }
}

function membersOf(branch: Branch): Member[] {
  return joined(
    [...branch].flatMap(([name, below]) => (typeof below === 'function' ? below(name) : objectOf(name, below))),
  )
}

/** An object that begins with what is the same for all lines is always there: it needs no member of its own. */
function objectOf(name: string, below: Branch): Member[] {
  const [first, ...rest] = membersOf(below)
  if (!(first instanceof ConstantMember)) return [new ObjectMember(name, first === undefined ? [] : [first, ...rest])]
  return [new ConstantMember(`,${JSON.stringify(name)}:{${first.json.slice(1)}`), ...rest, new ConstantMember('}')]
}

/** What is the same for all lines, in one piece where it stands together. */
function joined(members: readonly Member[]): Member[] {
  const result: Member[] = []
  for (const member of members) {
    const last = result.at(-1)
    if (member instanceof ConstantMember && last instanceof ConstantMember)
      result[result.length - 1] = new ConstantMember(last.json + member.json)
    else result.push(member)
  }
  return result
}

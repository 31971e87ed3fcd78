import type { Memory } from '../event/memory.ts'
import { ECS_LISTS, type FieldType } from './ecs-types.ts'
import { HAS_PROCESS_NAME, HAS_PROCESS_PID } from './enrichment.ts'
import type { Captured } from './fields.ts'
import type { Constant } from './format.ts'
import {
  capturesOf,
  FieldMember,
  type Groups,
  ListMember,
  Mark,
  type Member,
  placeOf,
  type Value,
  ValueMember,
} from './members.ts'
import type { Known } from './probes.ts'
import { type Part, Template } from './template.ts'
import { isIp, type ValueWriter, WRITERS } from './values.ts'

/**
 * A member of the event, by its last name. Gives what it takes to write it for lines of which this is known: if need
 * be, what finds out for each.
 */
export type Leaf = (key: string, known: Known) => Part[]

/** The same for all lines. */
export function constant(field: string, value: unknown): Leaf {
  const json = JSON.stringify(ECS_LISTS.has(field) ? [value].flat() : value)
  return (key) => [`${before(key)}${json}`]
}

/** What was captured. @param otherwise written when there is no value */
export function field({ field, groups, type }: Captured, otherwise: Constant | undefined): Leaf {
  if (field === 'related.ip' || field === 'related.user' || field === 'related.hosts')
    return related([{ groups, wants: type === 'ip' ? 'ip' : 'any' }])
  const has = field === 'process.name' ? HAS_PROCESS_NAME : field === 'process.pid' ? HAS_PROCESS_PID : 0
  const isList = ECS_LISTS.has(field)
  const fallback: Leaf = otherwise === undefined ? () => [] : constant(field, otherwise)
  return (key, known) => {
    const taken = takenOf(groups, known)
    if (taken?.length === 0) return fallback(key, known)
    if (taken?.every((group) => isText(type) || known.fits(group, type))) {
      const parts = values(taken, isText(type) || type === 'ip')
      const list = isList || taken.length > 1
      const mark = has === 0 ? [] : [new Mark(has)]
      return [before(key), ...(list ? ['[', ...parts, ']'] : parts), ...mark]
    }
    if (type === 'ip' && taken?.length === 1 && known.fits(taken[0], type) === false) return fallback(key, known)
    const other = memberOf(fallback(key, known))
    if (groups.length > 1 || isList) return [new ValueMember(key, listOf(groups, type, isList, has), other)]
    return [new FieldMember(key, groups, WRITERS[type], has, other)]
  }
}

/** What was captured as an address, where it is a name. */
export function domain(groups: Groups): Leaf {
  const value: ValueWriter = (out, memory, from, to) =>
    isName(memory, from, to) && WRITERS.keyword(out, memory, from, to)
  return (key, known) => {
    const group = firstOf(groups, known)
    if (group === null || (group !== undefined && known.fits(group, 'ip'))) return []
    return [new FieldMember(key, groups, value)]
  }
}

/** What `value` makes of the first of the groups that took part. */
export function made(groups: Groups, value: ValueWriter, otherwise: Leaf | null = null): Leaf {
  return (key, known) => {
    const other = otherwise?.(key, known) ?? []
    if (firstOf(groups, known) === null) return other
    return [new FieldMember(key, groups, value, 0, memberOf(other))]
  }
}

/** What takes more than a text that was captured. */
export function computed(value: Value): Leaf {
  return (key) => [new ValueMember(key, value)]
}

/** Which texts of some groups a list of `related` takes. */
export interface RelatedPart {
  groups: Groups
  wants: 'ip' | 'name' | 'any'
}

const WANTS = { ip: isIp, name: isName, any: () => true }

/** The values of several fields as one list, each once. */
export function related(parts: readonly RelatedPart[]): Leaf {
  return (key, known) => {
    const taken = parts.flatMap(({ groups, wants }) =>
      groups
        .map((group) => ({ group, wants, takes: takes(group, wants, known) }))
        .filter(({ takes }) => takes !== false),
    )
    if (taken.length === 0) return []
    // Of two it takes a look whether they are the same.
    if (taken.length > 1 || taken[0].takes === undefined)
      return [
        new ListMember(
          key,
          taken.map(({ group, wants }) => ({ groups: [group], wants: WANTS[wants] })),
        ),
      ]
    return [before(key), '[', ...values([taken[0].group], true), ']']
  }
}

function takes(group: number, wants: RelatedPart['wants'], known: Known): boolean | undefined {
  const has = known.has(group)
  if (has !== true || wants === 'any') return has
  const fits = known.fits(group, 'ip')
  return wants === 'ip' ? fits : fits ? false : undefined
}

/** The groups that a field's values are of; undefined: not known. A pattern's captures outrank the header's. */
function takenOf(groups: Groups, known: Known): number[] | undefined {
  const here: number[] = []
  for (const group of groups) {
    const has = known.has(group)
    if (has === undefined) return undefined
    if (has && (group > 0 || here.length === 0)) here.push(group)
  }
  return here
}

/** Null: none of them took part; undefined: not known. */
function firstOf(groups: Groups, known: Known): number | null | undefined {
  const taken = takenOf(groups, known)
  return taken === undefined ? undefined : (taken[0] ?? null)
}

function values(groups: Groups, quoted: boolean): Part[] {
  return groups.flatMap((group, i): Part[] => {
    const comma = i === 0 ? '' : ','
    return quoted ? [`${comma}"`, group, '"'] : [comma, group]
  })
}

function before(key: string): string {
  return `,${JSON.stringify(key)}:`
}

function memberOf(parts: readonly Part[]): Member | null {
  return parts.length === 0 ? null : new Template(parts)
}

function isText(type: FieldType): boolean {
  return WRITERS[type] === WRITERS.keyword
}

/** A host's name, where it is not an address. */
function isName(memory: Memory, from: number, to: number): boolean {
  return !(to - from === 1 && memory.bytes[from] === MINUS) && !isIp(memory, from, to)
}

const MINUS = 0x2d

/** Several groups that took part are a list, as in Logstash. */
function listOf(groups: Groups, type: FieldType, always: boolean, has: number): Value {
  const write = WRITERS[type]
  return (out, matches) => {
    const start = out.used
    let count = 0
    out.ensure(2)
    out.bytes[out.used++] = 0x5b
    for (const group of groups) {
      const { memory, ranges } = capturesOf(group, matches)
      const at = placeOf(group)
      // A pattern's capture outranks the header's.
      if (ranges[at] === ranges[at + 1] || (group < 0 && count > 0)) continue
      if (count > 0) out.bytes[out.used++] = 0x2c
      if (write(out, memory, ranges[at], ranges[at + 1])) count++
      else if (count > 0) out.used--
      out.ensure(2)
    }
    if (count === 0) return false
    out.has |= has
    if (count > 1 || always) {
      out.bytes[out.used++] = 0x5d
      return true
    }
    out.bytes.copyWithin(start, start + 1, out.used)
    out.used--
    return true
  }
}

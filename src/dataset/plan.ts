import type { CompiledGrok } from '../grok/compile.ts'
import { domainOf, ECS_LISTS } from './ecs-types.ts'
import type { EnrichInput } from './enrichment.ts'
import { type Enrichment, HAS_PROCESS_NAME, HAS_PROCESS_PID } from './enrichment.ts'
import { type Captured, capturedFields, isPrivate, relatedList, typeOf } from './fields.ts'
import type { Constant, DatasetDefinition } from './format.ts'
import { levelTable } from './levels.ts'
import { type Lifter, writeObject } from './lift.ts'
import { lookupTable } from './lookup.ts'
import { MemberTree } from './member-tree.ts'
import {
  ConstantMember,
  captured,
  FieldMember,
  ListMember,
  type Matches,
  type Member,
  type TextWriter,
  type Value,
  ValueMember,
} from './members.ts'
import { type TimeReader, timeFormat } from './time-format.ts'
import { isIp, WRITERS } from './values.ts'

/** What `_bulk` documents hold for one header with one pattern; made once, when the two first meet. */
export interface PlanParts {
  definition: DatasetDefinition
  dataset: string
  set: Readonly<Record<string, Constant>>
  header: CompiledGrok | null
  body: CompiledGrok | null
  /** The text as an object, when that is what fits: the field it goes to. */
  lift?: { lifter: Lifter; field: string } | undefined
  /** No pattern fits: says why. */
  failure?: ((text: string) => string) | undefined
}

const EMPTY: Captured = { field: '', groups: [], type: 'keyword' }

/** Writes an event's members from what was captured. */
export class Plan {
  readonly dataset: string
  readonly #groups: Member[][]
  readonly #level: { groups: Captured['groups']; table: (text: string) => string | null } | null
  readonly #fixedLevel: string | null
  readonly #time: { groups: Captured['groups']; readers: TimeReader[] } | null
  #near = 0
  #zone: EnrichInput['zone'] | null = null

  /** @throws Error when two of the fields contradict each other */
  constructor(parts: PlanParts) {
    const { definition, dataset, header, body } = parts
    const { level, time } = definition
    this.dataset = dataset
    const set: Record<string, Constant> = { ...definition.set, ...parts.set }
    const fields = capturedFields(definition, header, body)
    const groupsOf = (field: string) => fields.get(field)?.groups ?? EMPTY.groups

    const levelFrom = level?.from ?? 'log.level'
    const levelGroups = groupsOf(levelFrom)
    this.#level = levelGroups.length === 0 ? null : { groups: levelGroups, table: levelTable(level?.map ?? {}) }
    this.#fixedLevel = typeof set['log.level'] === 'string' ? set['log.level'] : null
    const timeGroups = time === undefined ? [] : groupsOf(time.from)
    this.#time =
      time === undefined || timeGroups.length === 0
        ? null
        : { groups: timeGroups, readers: time.formats.map(timeFormat) }

    const tree = new MemberTree()
    const consumed = new Set<string>()
    if (level !== undefined && !level.keep) consumed.add(level.from)
    if (time !== undefined && !time.keep) consumed.add(time.from)
    for (const [field, value] of Object.entries(set)) {
      if (field !== 'log.level')
        tree.add(field, (key) => ConstantMember.of(key, ECS_LISTS.has(field) ? [value].flat() : value))
    }
    for (const one of fields.values()) {
      const { field } = one
      if (isPrivate(field) || consumed.has(field)) continue
      const otherwise = set[field]
      tree.add(field, (key) => memberOf(one, key, otherwise))
      const domain = one.type === 'ip' ? domainOf(field) : null
      if (domain !== null && !fields.has(domain) && set[domain] === undefined) {
        const value: TextWriter = (out, text) => isName(text) && WRITERS.keyword(out, text)
        tree.add(domain, (key) => new FieldMember(key, one.groups, value))
      }
    }
    for (const [target, { from, map, default: fallback }] of Object.entries(definition.lookup)) {
      const groups = groupsOf(from)
      // What a pattern sets is said of its own lines, what the header says of all.
      const isOfHeader = groups.every((group) => group < 0)
      if (groups.length === 0 || (isOfHeader && parts.set[target] !== undefined)) continue
      const table = lookupTable(map, ECS_LISTS.has(target))
      const otherwise = set[target] ?? fallback
      const value: TextWriter = (out, text) => {
        const json = table(text)
        if (json === null) return false
        out.put(json)
        return true
      }
      tree.add(target, (key) => new FieldMember(key, groups, value, 0, constantOr(key, target, otherwise)))
    }
    for (const [target, { from, formats }] of Object.entries(definition.dates)) {
      const groups = groupsOf(from)
      if (groups.length === 0) continue
      const readers = formats.map(timeFormat)
      tree.add(target, (key) => new FieldMember(key, groups, (out, text) => this.#writeDate(out, text, readers)))
    }
    for (const [target, { from, unit }] of Object.entries(definition.durations)) {
      const groups = groupsOf(from)
      if (groups.length === 0) continue
      const scale = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }[unit]
      const value: TextWriter = (out, text) => {
        const nanos = text.length > 30 ? Number.NaN : Math.round(Number(text) * scale)
        return Number.isSafeInteger(nanos) && nanos >= 0 && WRITERS.long(out, String(nanos))
      }
      tree.add(target, (key) => new FieldMember(key, groups, value))
    }
    if (parts.lift !== undefined) {
      const { lifter, field } = parts.lift
      tree.add(field, (key) => new ValueMember(key, (out, matches) => lift(lifter, out, matches)))
    }
    if (parts.failure !== undefined) {
      const { failure } = parts
      tree.add('tags', (key) => ConstantMember.of(key, [set.tags ?? [], '_grokparsefailure'].flat()))
      tree.add('error.message', (key) => new ValueMember(key, (out, { text }) => WRITERS.text(out, failure(text))))
    }
    this.#addRelated(tree, definition, fields, set)
    this.#groups = tree.groups()
  }

  #addRelated(
    tree: MemberTree,
    definition: DatasetDefinition,
    fields: ReadonlyMap<string, Captured>,
    set: Readonly<Record<string, Constant>>,
  ): void {
    for (const list of ['ip', 'user', 'hosts'] as const) {
      const field = `related.${list}`
      if (fields.has(field) || set[field] !== undefined) continue
      const more = definition.related[list] ?? []
      const parts = [...fields.values()].flatMap(({ field, groups, type }) => {
        if (field.startsWith('related.')) return []
        const wants = list === 'ip' ? isIp : list === 'hosts' && type === 'ip' ? isName : () => true
        const own = relatedList(field, type) === list || (list === 'hosts' && type === 'ip' && domainOf(field) !== null)
        return own || more.includes(field) ? [{ groups, wants }] : []
      })
      if (parts.length > 0) tree.add(field, (key) => new ListMember(key, parts))
    }
  }

  /** Writes all members, and what the text says of time and level. */
  write(out: Enrichment, matches: Matches, { receivedAt, zone }: EnrichInput): void {
    out.dataset = this.dataset
    out.level = this.#fixedLevel
    if (this.#level !== null) {
      const text = captured(this.#level.groups, matches)
      if (text !== undefined) out.level = this.#level.table(text) ?? out.level
    }
    if (this.#time !== null) {
      const text = captured(this.#time.groups, matches)
      if (text !== undefined) out.time = readTime(text, this.#time.readers, receivedAt, zone)
    }
    this.#near = receivedAt
    this.#zone = zone
    const groups = this.#groups
    for (let group = 0; group < groups.length; group++) {
      const members = groups[group]
      for (let i = 0; i < members.length; i++) members[i].write(out, matches)
      out.ends[group] = out.used
    }
  }

  #writeDate(out: Enrichment, text: string, readers: readonly TimeReader[]): boolean {
    if (this.#zone === null) return false
    const time = readTime(text, readers, this.#near, this.#zone)
    return !Number.isNaN(time) && WRITERS.keyword(out, new Date(time).toISOString())
  }
}

function readTime(text: string, readers: readonly TimeReader[], near: number, zone: EnrichInput['zone']): number {
  for (let i = 0; i < readers.length; i++) {
    const time = readers[i](text, near, zone)
    if (!Number.isNaN(time)) return time
  }
  return Number.NaN
}

function memberOf({ field, groups, type }: Captured, key: string, otherwise: Constant | undefined): Member {
  if (field === 'related.ip' || field === 'related.user' || field === 'related.hosts')
    return new ListMember(key, [{ groups, wants: type === 'ip' ? isIp : () => true }])
  const has = field === 'process.name' ? HAS_PROCESS_NAME : field === 'process.pid' ? HAS_PROCESS_PID : 0
  const constant = constantOr(key, field, otherwise)
  if (groups.length > 1 || ECS_LISTS.has(field)) return new ValueMember(key, listOf(field, groups, type, has), constant)
  return new FieldMember(key, groups, WRITERS[type], has, constant)
}

function constantOr(key: string, field: string, value: Constant | undefined): Member | null {
  return value === undefined ? null : ConstantMember.of(key, ECS_LISTS.has(field) ? [value].flat() : value)
}

/** Several groups that took part are a list, as in Logstash. */
function listOf(field: string, groups: Captured['groups'], type: Captured['type'], has: number): Value {
  const write = WRITERS[type]
  const always = ECS_LISTS.has(field)
  return (out, matches) => {
    const start = out.used
    let count = 0
    out.ensure(2)
    out.bytes[out.used++] = 0x5b
    for (const group of groups) {
      const text = group < 0 ? matches.header?.[-group] : matches.body?.[group]
      // A pattern's capture outranks the header's.
      if (text === undefined || text === '' || (group < 0 && count > 0)) continue
      if (count > 0) out.bytes[out.used++] = 0x2c
      if (write(out, text)) count++
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

function lift(lifter: Lifter, out: Enrichment, { text }: Matches): boolean {
  const value = lifter(text)
  if (value === null) return false
  writeObject(out, value)
  return true
}

/** A host's name, where it is not an address. */
function isName(text: string): boolean {
  return text !== '-' && !isIp(text)
}

export { typeOf }

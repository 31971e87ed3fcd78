import type { Memory } from '../event/memory.ts'
import type { CompiledGrok } from '../grok/compile.ts'
import { domainOf, ECS_LISTS } from './ecs-types.ts'
import type { Enrichment, EnrichmentWriter, Matches } from './enrichment.ts'
import { type Captured, capturedFields, isPrivate, relatedList, typeOf } from './fields.ts'
import type { Constant, DatasetDefinition } from './format.ts'
import { computed, constant, domain, field as fieldLeaf, made, type RelatedPart, related } from './leaves.ts'
import { levelTable } from './levels.ts'
import { type Lifter, writeObject } from './lift.ts'
import { lookupTable } from './lookup.ts'
import { MemberTree } from './member-tree.ts'
import { capturesOf, firstOf, placeOf } from './members.ts'
import { NOTHING_KNOWN, Probes } from './probes.ts'
import type { Finder } from './recent.ts'
import type { Template } from './template.ts'
import { type TimeReader, timeFormat } from './time-format.ts'
import { type ValueWriter, writeScaled, writeString, writeTime } from './values.ts'

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

/** Combinations of captures that are told apart in a pattern's lines; strangers may send all that are possible. */
const MOST_KNOWN = 24

/** Writes an event's members from what was captured. */
export class Plan implements EnrichmentWriter {
  readonly dataset: string
  readonly #tree = new MemberTree()
  readonly #probes = new Probes()
  /** What writes the members of lines with the same key of probes, and of any others. */
  readonly #known = new Map<number, Template>()
  readonly #unknown: Template
  /** For the line before. */
  #members: Template
  #key = Number.NaN
  readonly #level: { groups: Captured['groups']; table: Finder<string | null> } | null
  readonly #fixedLevel: string | null
  readonly #time: { groups: Captured['groups']; readers: TimeReader[] } | null

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

    const tree = this.#tree
    const probes = this.#probes
    const consumed = new Set<string>()
    if (level !== undefined && !level.keep) consumed.add(level.from)
    if (time !== undefined && !time.keep) consumed.add(time.from)
    for (const [field, value] of Object.entries(set)) if (field !== 'log.level') tree.add(field, constant(field, value))
    for (const one of fields.values()) {
      const { field, groups, type } = one
      if (isPrivate(field) || consumed.has(field)) continue
      probes.add(groups, type)
      tree.add(field, fieldLeaf(one, set[field]))
      const other = type === 'ip' ? domainOf(field) : null
      if (other !== null && !fields.has(other) && set[other] === undefined) tree.add(other, domain(groups))
    }
    for (const [target, { from, map, default: fallback }] of Object.entries(definition.lookup)) {
      const groups = groupsOf(from)
      // What a pattern sets is said of its own lines, what the header says of all.
      const isOfHeader = groups.every((group) => group < 0)
      if (groups.length === 0 || (isOfHeader && parts.set[target] !== undefined)) continue
      const table = lookupTable(map, ECS_LISTS.has(target))
      const otherwise = set[target] ?? fallback
      const value: ValueWriter = (out, memory, from, to) => {
        const json = table(memory, from, to)
        if (json === null) return false
        out.put(json)
        return true
      }
      probes.add(groups, 'keyword')
      tree.add(target, made(groups, value, otherwise === undefined ? null : constant(target, otherwise)))
    }
    for (const [target, { from, formats }] of Object.entries(definition.dates)) {
      const groups = groupsOf(from)
      if (groups.length === 0) continue
      const readers = formats.map(timeFormat)
      probes.add(groups, 'keyword')
      tree.add(
        target,
        made(groups, (out, memory, from, to) => {
          const time = readTime(memory, from, to, readers, out)
          return !Number.isNaN(time) && writeTime(out, time)
        }),
      )
    }
    for (const [target, { from, unit }] of Object.entries(definition.durations)) {
      const groups = groupsOf(from)
      if (groups.length === 0) continue
      const zeros = { s: 9, ms: 6, us: 3, ns: 0 }[unit]
      const value: ValueWriter = (out, memory, from, to) => {
        if (writeScaled(out, memory, from, to, zeros)) return true
        const nanos = to - from > 30 ? Number.NaN : Math.round(Number(memory.text(from, to)) * 10 ** zeros)
        if (!Number.isSafeInteger(nanos) || nanos < 0) return false
        out.ensure(20)
        out.used += out.bytes.write(String(nanos), out.used)
        return true
      }
      probes.add(groups, 'keyword')
      tree.add(target, made(groups, value))
    }
    if (parts.lift !== undefined) {
      const { lifter, field } = parts.lift
      tree.add(
        field,
        computed((out, matches) => lift(lifter, out, matches)),
      )
    }
    if (parts.failure !== undefined) {
      const { failure } = parts
      tree.add('tags', constant('tags', [set.tags ?? [], '_grokparsefailure'].flat()))
      tree.add(
        'error.message',
        computed((out, { text }) => writeString(out, failure(text.string))),
      )
    }
    this.#addRelated(definition, fields, set)
    // So that contradictions show.
    this.#members = tree.template(NOTHING_KNOWN)
    this.#unknown = this.#members
  }

  #addRelated(
    definition: DatasetDefinition,
    fields: ReadonlyMap<string, Captured>,
    set: Readonly<Record<string, Constant>>,
  ): void {
    for (const list of ['ip', 'user', 'hosts'] as const) {
      const field = `related.${list}`
      if (fields.has(field) || set[field] !== undefined) continue
      const more = definition.related[list] ?? []
      const parts = [...fields.values()].flatMap(({ field, groups, type }): RelatedPart[] => {
        if (field.startsWith('related.')) return []
        const wants = list === 'ip' ? 'ip' : list === 'hosts' && type === 'ip' ? 'name' : 'any'
        const own = relatedList(field, type) === list || (list === 'hosts' && type === 'ip' && domainOf(field) !== null)
        return own || more.includes(field) ? [{ groups, wants }] : []
      })
      if (parts.length > 0) this.#tree.add(field, related(parts))
    }
  }

  /** Writes all members, and what the text says of time and level. */
  write(out: Enrichment): void {
    out.dataset = this.dataset
    out.level = this.#fixedLevel
    if (this.#level !== null) {
      const group = firstOf(this.#level.groups, out)
      if (group !== 0) {
        const { memory, ranges } = capturesOf(group, out)
        out.level = this.#level.table(memory, ranges[placeOf(group)], ranges[placeOf(group) + 1]) ?? out.level
      }
    }
    if (this.#time !== null) {
      const group = firstOf(this.#time.groups, out)
      if (group !== 0) {
        const { memory, ranges } = capturesOf(group, out)
        out.time = readTime(memory, ranges[placeOf(group)], ranges[placeOf(group) + 1], this.#time.readers, out)
      }
    }
    const key = this.#probes.key(out)
    if (key !== this.#key) this.#choose(key)
    this.#members.write(out, out)
  }

  #choose(key: number): void {
    let members = this.#known.get(key)
    if (members === undefined && this.#known.size < MOST_KNOWN) {
      members = this.#tree.template(this.#probes.known(key))
      this.#known.set(key, members)
    }
    this.#key = key
    this.#members = members ?? this.#unknown
  }
}

function readTime(
  memory: Memory,
  from: number,
  to: number,
  readers: readonly TimeReader[],
  { receivedAt, zone }: Enrichment,
): number {
  for (let i = 0; i < readers.length; i++) {
    const time = readers[i](memory, from, to, receivedAt, zone)
    if (!Number.isNaN(time)) return time
  }
  return Number.NaN
}

function lift(lifter: Lifter, out: Enrichment, { text }: Matches): boolean {
  const value = lifter(text)
  if (value === null) return false
  writeObject(out, value)
  return true
}

export { typeOf }

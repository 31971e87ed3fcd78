import type { PatternLibrary } from '../grok/library.ts'
import { Dataset } from './dataset.ts'
import { domainOf, ecsType, type FieldType } from './ecs-types.ts'
import { isPrivate, refusal, typeOf } from './fields.ts'
import type { DatasetDefinition } from './format.ts'
import { Needles } from './needles.ts'
import { PatternCounter } from './pattern-counters.ts'

/** A field of one file. */
export interface MappedField {
  field: string
  type: FieldType
  file: string
}

/** All fields that lines of the file can get, each with its type. @throws Error when a pattern is no grok */
export function fieldsOf(definition: DatasetDefinition, library: PatternLibrary): MappedField[] {
  const { file, values, dataset } = definition
  const found = new Map<string, FieldType>()
  const add = (field: string, type: FieldType) => {
    if (!isPrivate(field) && !found.has(field)) found.set(field, type)
  }
  for (const { captures } of new Dataset(
    definition,
    library,
    null,
    (name) => new PatternCounter(name),
    new Needles(),
  ).groks()) {
    for (const { path, type } of captures) {
      const field = path.join('.')
      add(field, typeOf(definition, field, type))
      const domain = domainOf(field)
      if (domain !== null) add(domain, 'keyword')
    }
  }
  for (const set of [definition.set, ...definition.patterns.map((pattern) => pattern.set)]) {
    for (const [field, value] of Object.entries(set)) add(field, typeOf(definition, field, captureType(value)))
  }
  for (const [field, { map, default: otherwise }] of Object.entries(definition.lookup)) {
    const [value] = [...Object.values(map), otherwise]
    add(field, typeOf(definition, field, captureType(value)))
  }
  for (const field of Object.keys(definition.dates)) add(field, 'date')
  for (const field of Object.keys(definition.durations)) add(field, 'long')
  if (typeof values === 'object') for (const field of Object.values(values)) add(field, 'flattened')
  else if (values !== 'none') add(`${dataset}.values`, 'flattened')
  return [...found].map(([field, type]) => ({ field, type, file }))
}

function captureType(value: unknown): string {
  const [one] = [value].flat()
  if (typeof one === 'number') return Number.isInteger(one) ? 'int' : 'float'
  return typeof one === 'boolean' ? 'boolean' : 'string'
}

/** Where datasets contradict each other, themselves or ECS: an index takes one type for a field. */
export function contradictions(fields: readonly MappedField[]): string[] {
  const first = new Map<string, MappedField>()
  const problems: string[] = []
  for (const one of fields) {
    const { field, type, file } = one
    const known = first.get(field) ?? one
    first.set(field, known)
    if (known.type !== type) problems.push(`${field}: ${known.type} in ${known.file}, ${type} in ${file}`)
    const ecs = ecsType(field)
    if (ecs !== undefined && ecs !== type) problems.push(`${field}: ${type} in ${file}, but ${ecs} in ECS`)
    const why = field === 'tags' ? null : refusal(field)
    if (why !== null) problems.push(`${field} ${why} (${file})`)
  }
  for (const { field, file } of first.values()) {
    for (let dot = field.lastIndexOf('.'); dot > 0; dot = field.lastIndexOf('.', dot - 1)) {
      const outer = first.get(field.slice(0, dot))
      if (outer !== undefined)
        problems.push(`${outer.field} is a value in ${outer.file}, and ${field} lies in it (${file})`)
    }
  }
  return [...new Set(problems)]
}

/** Of the event by itself, and of messages lifted without a dataset. */
const OWN: Readonly<Record<string, FieldType>> = {
  '@timestamp': 'date',
  message: 'text',
  'event.created': 'date',
  'event.original': 'keyword',
  'event.dataset': 'keyword',
  'host.name': 'keyword',
  'process.name': 'keyword',
  'process.pid': 'long',
  'log.level': 'keyword',
  'log.source.address': 'keyword',
  'log.syslog.priority': 'long',
  'log.syslog.facility.code': 'long',
  'log.syslog.facility.name': 'keyword',
  'log.syslog.severity.code': 'long',
  'log.syslog.severity.name': 'keyword',
  'log.syslog.procid': 'keyword',
  'log.syslog.version': 'keyword',
  'log.syslog.msgid': 'keyword',
  'log.syslog.structured_data': 'flattened',
  'sluice.route': 'keyword',
  'sluice.flags': 'keyword',
  'error.message': 'text',
  'related.ip': 'ip',
  'related.user': 'keyword',
  'related.hosts': 'keyword',
  tags: 'keyword',
  json: 'flattened',
  kv: 'flattened',
}

/**
 * The type of every field that events can have, by dotted name, sorted: what an index has to know.
 * @throws Error that names the contradictions
 */
export function indexMapping(
  definitions: readonly DatasetDefinition[],
  library: PatternLibrary,
): Record<string, FieldType> {
  const fields = definitions.flatMap((definition) => fieldsOf(definition, library))
  const problems = contradictions(fields)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const all = { ...Object.fromEntries(fields.map(({ field, type }) => [field, type])), ...OWN }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))
}

import type { CompiledGrok } from '../grok/compile.ts'
import { domainOf, ecsType, type FieldType, OWN_FIELDS } from './ecs-types.ts'
import type { DatasetDefinition } from './format.ts'
import type { Groups } from './members.ts'

/** A field that patterns capture. */
export interface Captured {
  field: string
  groups: Groups
  type: FieldType
}

const GROK_TYPES: Readonly<Record<string, FieldType>> = { int: 'long', float: 'double', string: 'keyword' }

/** The type of a field: the file's word, ECS's, that of the capture (`:int`), otherwise keyword. */
export function typeOf(definition: Pick<DatasetDefinition, 'fields'>, field: string, capture = 'string'): FieldType {
  if (Object.hasOwn(definition.fields, field)) return definition.fields[field]
  return ecsType(field) ?? GROK_TYPES[capture] ?? 'keyword'
}

/** All that the two capture, one entry a field; the pattern's groups before the header's, which they outrank. */
export function capturedFields(
  definition: Pick<DatasetDefinition, 'fields'>,
  header: CompiledGrok | null,
  body: CompiledGrok | null,
): Map<string, Captured> {
  const fields = new Map<string, Captured>()
  for (const [grok, sign] of [
    [body, 1],
    [header, -1],
  ] as const) {
    for (const { group, path, type } of grok?.captures ?? []) {
      const field = path.length > 1 ? path.join('.') : path[0]
      const known = fields.get(field)
      const groups = [...(known?.groups ?? []), group * sign]
      fields.set(field, { field, groups, type: known?.type ?? typeOf(definition, field, type) })
    }
  }
  return fields
}

/** True for fields that only serve others of the file: `_name`, the header's rest, the time and level as written. */
export function isPrivate(field: string): boolean {
  return field.startsWith('_') || field === 'rest' || field === '@timestamp' || field === 'log.level'
}

/** Why a dataset can't write this field; null: it can. */
export function refusal(field: string): string | null {
  if (field === 'rest') return null
  if (field.split('.').includes('__proto__')) return 'is no name for a field'
  if (OWN_FIELDS.has(field)) return 'is what the event says by itself'
  return null
}

/** Which list of `related` a field's values belong to; null: to none. */
export function relatedList(field: string, type: FieldType): 'ip' | 'user' | 'hosts' | null {
  if (field.startsWith('related.')) return null
  if (type === 'ip') return 'ip'
  if (/^(?:.*\.)?user(?:\.(?:target|effective|changes))?\.name$/.test(field)) return 'user'
  if (field === 'host.hostname' || domainFields.has(field)) return 'hosts'
  return null
}

const domainFields = new Set(['source.ip', 'destination.ip', 'client.ip', 'server.ip'].map((ip) => domainOf(ip)))

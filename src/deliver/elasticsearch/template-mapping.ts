import type { FieldType } from '../../dataset/ecs-types.ts'

export type EventShape = 'ecs' | 'logstash'

interface Field {
  type: FieldType
  ignore_above?: number
  index?: false
  doc_values?: false
  norms?: false
}

interface Properties {
  [name: string]: Field | { properties: Properties }
}

/** ECS's limit for keywords: longer values are kept, but can't be searched. */
const KEYWORD_CHARACTERS = 1024
/** Lucene takes no term above 32,766 bytes, and UTF-8 needs up to four for a character. */
const LONGEST_TERM = 8191
/** Fields that events may bring along beside the known ones; those above it are kept and not indexed. */
const UNKNOWN_FIELDS = 500

/** What the flat form says instead of the own fields of the ECS form (src/event/logstash.ts). */
const LOGSTASH: Readonly<Record<string, FieldType>> = {
  '@message': 'text',
  '@source_host': 'keyword',
  path: 'keyword',
  program: 'keyword',
  received_at: 'keyword',
  sluice_flags: 'keyword',
  syslog_severity: 'keyword',
  type: 'keyword',
}
const ONLY_IN_ECS = /^(?:event\.(?:created|original)|log\.(?:level|source|syslog)|sluice)(?:\.|$)/

/** What a search without a field looks at. Otherwise it would ask each of a thousand fields. */
const SEARCHED: Readonly<Record<EventShape, string[]>> = {
  ecs: ['message', 'host.name', 'process.name'],
  logstash: ['message', '@source_host', 'program'],
}

/** The parts of an index that depend on what events look like. */
export interface EventMapping {
  settings: Record<string, unknown>
  mappings: Record<string, unknown>
}

/** @param types of all fields by dotted name, as `indexMapping` gives them. */
export function eventMapping(types: Readonly<Record<string, FieldType>>, shape: EventShape): EventMapping {
  const fields = Object.entries(shape === 'ecs' ? types : flat(types))
  const properties: Properties = {}
  for (const [name, type] of fields) insert(properties, name.split('.'), parametersOf(name, type))
  return {
    settings: {
      'index.mapping.total_fields.limit': fieldCount(properties) + UNKNOWN_FIELDS,
      'index.mapping.total_fields.ignore_dynamic_beyond_limit': true,
      'index.query.default_field': SEARCHED[shape],
    },
    mappings: {
      // Numbers and dates that only look like such would decide the type for everything that follows.
      date_detection: false,
      numeric_detection: false,
      dynamic_templates: [
        {
          strings: {
            match_mapping_type: 'string',
            mapping: { type: 'keyword', ignore_above: KEYWORD_CHARACTERS },
          },
        },
      ],
      properties,
    },
  }
}

function flat(types: Readonly<Record<string, FieldType>>): Record<string, FieldType> {
  return { ...Object.fromEntries(Object.entries(types).filter(([name]) => !ONLY_IN_ECS.test(name))), ...LOGSTASH }
}

function parametersOf(name: string, type: FieldType): Field {
  // The line as received is there to be shown; its text is searched in `message`.
  if (name === 'event.original') return { type: 'keyword', index: false, doc_values: false }
  switch (type) {
    case 'keyword':
    case 'flattened':
      return { type, ignore_above: KEYWORD_CHARACTERS }
    case 'wildcard':
      // Of the same family, asked in the same way, and in every build of Elasticsearch.
      return { type: 'keyword', ignore_above: LONGEST_TERM }
    case 'text':
      // Norms serve the ranking by relevance; logs are sorted by time.
      return { type, norms: false }
    default:
      return { type }
  }
}

function insert(properties: Properties, [name = '', ...rest]: string[], field: Field): void {
  if (rest.length === 0) {
    properties[name] = field
    return
  }
  const inner = Object.hasOwn(properties, name) ? properties[name] : undefined
  const object = inner !== undefined && 'properties' in inner ? inner : { properties: {} }
  properties[name] = object
  insert(object.properties, rest, field)
}

/** As Elasticsearch counts: objects are fields too. */
function fieldCount(properties: Properties): number {
  return Object.values(properties).reduce(
    (sum, field) => sum + 1 + ('properties' in field ? fieldCount(field.properties) : 0),
    0,
  )
}

import { EcsFlat } from '@elastic/ecs'
import { expect, test } from 'vitest'
import { ECS_LISTS, ECS_TYPES } from '../src/dataset/ecs-types.ts'
import { loadDatasets } from '../src/dataset/load.ts'
import { contradictions, fieldsOf, indexMapping } from '../src/dataset/mapping.ts'
import { PatternLibrary } from '../src/grok/library.ts'

const official: Record<
  string,
  { type: string; normalize: readonly string[]; allowed_values?: readonly { name: string }[] }
> = EcsFlat
const library = PatternLibrary.load({ vocabulary: 'ecs' })
const definitions = loadDatasets([])
const fields = definitions.flatMap((definition) => fieldsOf(definition, library))

/** Types that take the same values. */
const SAME: Record<string, string> = {
  match_only_text: 'text',
  constant_keyword: 'keyword',
  float: 'double',
  scaled_float: 'double',
  integer: 'long',
  object: 'flattened',
}

const isEcs = (field: string) => Object.hasOwn(official, field)

test('the types that sluice knows ECS fields by are the official ones', () => {
  const wrong = Object.entries(ECS_TYPES).filter(([field, type]) => {
    const { type: wanted } = official[field] ?? {}
    return type !== (SAME[wanted ?? ''] ?? wanted)
  })
  expect(wrong).toEqual([])
  expect([...ECS_LISTS].filter((field) => !official[field]?.normalize.includes('array'))).toEqual([])
})

test('a field has one type over all datasets', () => {
  expect(contradictions(fields)).toEqual([])
  const other = { field: 'haproxy.x', type: 'long', file: 'a.yaml' } as const
  expect(contradictions([other, { ...other, type: 'ip', file: 'b.yaml' }])).toHaveLength(1)
  expect(contradictions([other, { ...other, field: 'haproxy.x.y' }])).toHaveLength(1)
})

test('fields of datasets that ECS knows have its type', () => {
  const wrong = fields.filter(({ field, type }) => {
    if (!isEcs(field)) return false
    const wanted = official[field].type
    return type !== (SAME[wanted] ?? wanted)
  })
  expect(wrong).toEqual([])
})

test('a name below one of ECS’s objects is one that ECS knows', () => {
  const objects = new Set(Object.keys(official).flatMap((field) => (field.includes('.') ? [field.split('.')[0]] : [])))
  const unknown = fields.filter(({ field }) => objects.has(field.split('.')[0]) && !isEcs(field))
  expect(unknown.map(({ field, file }) => `${file}: ${field}`)).toEqual([])
})

test('categories, types, outcomes are those that ECS allows', () => {
  const wrong = definitions.flatMap(({ file, set, patterns, lookup }) =>
    [
      set,
      ...patterns.map((pattern) => pattern.set),
      ...Object.entries(lookup).flatMap(([field, { map }]) => Object.values(map).map((value) => ({ [field]: value }))),
    ].flatMap((constants) =>
      Object.entries(constants).flatMap(([field, value]) => {
        const allowed = official[field]?.allowed_values?.map(({ name }) => name)
        return [value]
          .flat()
          .filter((one) => allowed !== undefined && !allowed.includes(String(one)))
          .map((one) => `${file}: ${field}: ${one}`)
      }),
    ),
  )
  expect(wrong).toEqual([])
})

test('the index mapping knows the fields of the event and of the datasets', () => {
  expect(indexMapping(definitions, library)).toMatchObject({
    '@timestamp': 'date',
    'source.ip': 'ip',
    'source.port': 'long',
    'user.name': 'keyword',
    json: 'flattened',
  })
})

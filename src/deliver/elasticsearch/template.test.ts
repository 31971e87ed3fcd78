import { expect, test } from 'vitest'
import type { FieldType } from '../../dataset/ecs-types.ts'
import { elasticsearchConfig } from './config.ts'
import { patternOf, type Template, templatesOf } from './template.ts'
import type { EventShape } from './template-mapping.ts'

const TYPES: Record<string, FieldType> = {
  '@timestamp': 'date',
  message: 'text',
  'event.original': 'keyword',
  'event.dataset': 'keyword',
  'host.name': 'keyword',
  'log.syslog.structured_data': 'flattened',
  'source.ip': 'ip',
  'source.port': 'long',
  'sluice.flags': 'keyword',
  'url.path': 'wildcard',
}

function make(options: Record<string, unknown> = {}, shape: EventShape = 'ecs', types = TYPES): Template[] {
  const config = elasticsearchConfig.parse({ elasticsearch: { nodes: ['http://a:9200'], ...options } })
  return templatesOf(config, types, shape).flatMap(({ templates }) => templates)
}

test('fields are nested, each with its type and the limits of it', () => {
  const [component] = make()
  expect(component).toMatchObject({
    kind: 'component_template',
    name: 'sluice-syslog-yyyy.mm.dd-events',
    body: {
      template: {
        mappings: {
          _meta: { managed_by: 'sluice', index: 'syslog-%Y.%m.%d' },
          dynamic_templates: [
            { strings: { match_mapping_type: 'string', mapping: { type: 'keyword', ignore_above: 1024 } } },
          ],
          properties: {
            '@timestamp': { type: 'date' },
            message: { type: 'text', norms: false },
            event: {
              properties: {
                original: { type: 'keyword', index: false, doc_values: false },
                dataset: { type: 'keyword', ignore_above: 1024 },
              },
            },
            log: { properties: { syslog: { properties: { structured_data: { type: 'flattened' } } } } },
            source: { properties: { ip: { type: 'ip' }, port: { type: 'long' } } },
            url: { properties: { path: { type: 'keyword', ignore_above: 8191 } } },
          },
        },
      },
    },
  })
})

test('known fields, with their objects, leave room for 500 unknown ones', () => {
  // Ten fields and the objects event, host, log, log.syslog, source, sluice, url.
  expect(make()[0]).toMatchObject({
    body: { template: { settings: { 'index.mapping.total_fields.limit': 517 } } },
  })
})

test('the logstash form has its own fields in place of those that only ECS has', () => {
  const [component] = make({}, 'logstash')
  const properties = { '@message': { type: 'text' }, program: { type: 'keyword' }, source: {}, event: {} }
  expect(component).toMatchObject({ body: { template: { mappings: { properties } } } })
  const text = JSON.stringify(component)
  expect(text).not.toContain('"original"')
  expect(text).not.toContain('"sluice":')
})

test('indices are made as the config says, and as the operator says in a component of their own', () => {
  const config = { replicas: 1, shards: 3, refresh: '10s', codec: 'default', logsdb: true }
  const [component, template] = make(config)
  expect(component).toMatchObject({
    body: {
      template: {
        settings: {
          'index.number_of_replicas': 1,
          'index.number_of_shards': 3,
          'index.refresh_interval': '10000ms',
          'index.codec': 'default',
          'index.mode': 'logsdb',
        },
      },
    },
  })
  expect(template).toMatchObject({
    kind: 'index_template',
    name: 'sluice-syslog-yyyy.mm.dd',
    body: {
      index_patterns: ['syslog-*.*.*'],
      composed_of: ['sluice-syslog-yyyy.mm.dd-events', 'sluice-syslog-yyyy.mm.dd@custom'],
    },
  })
})

test('a data stream leaves retention to the cluster', () => {
  const [, template] = make({ data_stream: 'logs-syslog-default', retention: { days: 7 } })
  expect(template).toMatchObject({
    name: 'sluice-logs-syslog-default',
    body: {
      index_patterns: ['logs-syslog-default'],
      data_stream: {},
      template: { lifecycle: { data_retention: '7d' } },
    },
  })
})

test('dead letters have an index of their own, in which the event is only kept', () => {
  const properties = {
    reason: { type: 'text' },
    event: { type: 'keyword', index: false, doc_values: false },
  }
  expect(make()[2]).toMatchObject({
    name: 'sluice-dead',
    body: { index_patterns: ['sluice-dead'], template: { mappings: { dynamic: false, properties } } },
  })
  expect(make({ dead_index: false })).toHaveLength(2)
})

test('the hash tells contents apart, and nothing else does', () => {
  const hashes = (...of: Parameters<typeof make>) => make(...of).map(({ body }) => body._meta.hash)
  expect(hashes()).toEqual(hashes())
  const other = hashes({}, 'ecs', { ...TYPES, 'more.fields': 'long' })
  expect(other[0]).not.toBe(hashes()[0])
  expect(other[1]).toBe(hashes()[1])
  expect(hashes({ replicas: 0 })[0]).not.toBe(hashes()[0])
})

test('a pattern matches what the index is named', () => {
  expect(patternOf('syslog-%Y.%m.%d')).toBe('syslog-*.*.*')
  expect(patternOf('100%%-%Y')).toBe('100%-*')
})

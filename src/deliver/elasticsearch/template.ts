import { createHash } from 'node:crypto'
import manifest from '../../../package.json' with { type: 'json' }
import type { FieldType } from '../../dataset/ecs-types.ts'
import type { ElasticsearchConfig } from './config.ts'
import { type EventShape, eventMapping } from './template-mapping.ts'

/**
 * Above the templates that Elasticsearch brings along (100) and those of its agents (200), as its docs advise:
 * https://www.elastic.co/docs/manage-data/data-store/templates
 */
const PRIORITY = 500

/** What says that a template or an index is sluice's own: the `_meta` of templates and of mappings. */
export interface Mark {
  managed_by: 'sluice'
  /** The `index` of the config that it was made for, with its %Y, %m, %d. */
  index: string
}

/** A template's mark also tells versions apart. */
export interface TemplateMark extends Mark {
  /** Of the sluice that wrote it. */
  version: string
  /** Of everything else in the template. */
  hash: string
}

export interface Template {
  kind: 'component_template' | 'index_template'
  name: string
  body: { _meta: TemplateMark; [part: string]: unknown }
}

/** Templates that are of use only together, in the order in which they have to be written. */
export interface TemplateSet {
  /** The `index` of the config. */
  index: string
  /** As Elasticsearch matches names: only `*` is special. */
  pattern: string
  templates: Template[]
}

type Wanted = Pick<
  ElasticsearchConfig,
  'index' | 'isDataStream' | 'replicas' | 'shards' | 'refresh' | 'codec' | 'logsdb' | 'retention' | 'deadIndex'
>

/** All templates that an output needs. Pure: the same config and datasets give the same bytes. */
export function templatesOf(
  config: Wanted,
  types: Readonly<Record<string, FieldType>>,
  shape: EventShape,
): TemplateSet[] {
  const events = eventTemplates(config, types, shape)
  return config.deadIndex === false ? [events] : [events, deadTemplates(config.deadIndex, config.replicas)]
}

function eventTemplates(config: Wanted, types: Readonly<Record<string, FieldType>>, shape: EventShape): TemplateSet {
  const { index, isDataStream, replicas, shards, refresh, codec, logsdb, retention } = config
  const name = templateName(index)
  const pattern = patternOf(index)
  const { settings, mappings } = eventMapping(types, shape)
  const component = marked('component_template', `${name}-events`, index, {
    template: { settings, mappings: { _meta: indexMark(index), ...mappings } },
  })
  const template = marked('index_template', name, index, {
    index_patterns: [pattern],
    priority: PRIORITY,
    ...(isDataStream && { data_stream: {} }),
    // The second is the operator's own, who may change anything there: https://www.elastic.co/docs name it so.
    composed_of: [component.name, `${name}@custom`],
    ignore_missing_component_templates: [`${name}@custom`],
    template: {
      settings: {
        'index.number_of_shards': shards,
        'index.number_of_replicas': replicas,
        'index.refresh_interval': `${refresh}ms`,
        'index.codec': codec,
        ...(logsdb && { 'index.mode': 'logsdb' }),
      },
      // The cluster's own retention: it also begins new backing indices.
      ...(isDataStream && { lifecycle: retention.days === undefined ? {} : { data_retention: `${retention.days}d` } }),
    },
  })
  return { index, pattern, templates: [component, template] }
}

/** Dead letters: what is needed to find one. The event itself is kept, not looked into: it is what was refused. */
function deadTemplates(index: string, replicas: number): TemplateSet {
  const keyword = { type: 'keyword', ignore_above: 1024 }
  const template = marked('index_template', templateName(index), index, {
    index_patterns: [index],
    priority: PRIORITY,
    template: {
      settings: {
        'index.number_of_shards': 1,
        'index.number_of_replicas': replicas,
        'index.codec': 'best_compression',
      },
      mappings: {
        _meta: indexMark(index),
        dynamic: false,
        properties: {
          '@timestamp': { type: 'date' },
          time: { type: 'date' },
          key: keyword,
          output: keyword,
          index: keyword,
          id: keyword,
          count: { type: 'long' },
          tries: { type: 'long' },
          reason: { type: 'text', norms: false, fields: { keyword } },
          action: { type: 'keyword', index: false, doc_values: false },
          event: { type: 'keyword', index: false, doc_values: false },
        },
      },
    },
  })
  return { index, pattern: index, templates: [template] }
}

/** The mark in the mapping of each index that was made from our templates. */
export function indexMark(index: string): Mark {
  return { managed_by: 'sluice', index }
}

/** `syslog-*.*.*` for `syslog-%Y.%m.%d`. */
export function patternOf(index: string): string {
  return index.replaceAll(/%[Ymd%]/g, (field) => (field === '%%' ? '%' : '*'))
}

/** `sluice-syslog-yyyy.mm.dd`: what an operator sees in the list of all templates. */
function templateName(index: string): string {
  const name = index.replaceAll(/%[Ymd%]/g, (field) => ({ '%Y': 'yyyy', '%m': 'mm', '%d': 'dd' })[field] ?? '%')
  return name.startsWith('sluice-') ? name : `sluice-${name}`
}

function marked(kind: Template['kind'], name: string, index: string, body: Record<string, unknown>): Template {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 12)
  return { kind, name, body: { ...body, _meta: { ...indexMark(index), version: manifest.version, hash } } }
}

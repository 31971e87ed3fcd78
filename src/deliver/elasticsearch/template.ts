import { createHash } from 'node:crypto'
import { z } from 'zod'
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
const mark = z.object({
  managed_by: z.literal('sluice'),
  /** The `index` of the config that it was made for, with its %Y, %m, %d. */
  index: z.string(),
})
export type Mark = z.infer<typeof mark>

/** A template's mark also tells versions apart: of the sluice that wrote it, and of everything else in it. */
const templateMark = mark.extend({ version: z.string(), hash: z.string() })

const template = z.object({
  kind: z.enum(['component_template', 'index_template']),
  name: z.string(),
  body: z.looseObject({ _meta: templateMark }),
})
export type Template = z.infer<typeof template>

/** Templates that are of use only together, in the order in which they have to be written. */
export const templateSet = z.object({
  /** The `index` of the config. */
  index: z.string(),
  templates: z.array(template),
})
export type TemplateSet = z.infer<typeof templateSet>

/** What templates depend on, of the config of an output. */
export type Wanted = Pick<
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
  const { settings, mappings } = eventMapping(types, shape)
  const component = marked('component_template', `${name}-events`, index, {
    template: {
      settings: {
        'index.number_of_shards': shards,
        'index.number_of_replicas': replicas,
        'index.refresh_interval': `${refresh}ms`,
        'index.codec': codec,
        ...(logsdb && { 'index.mode': 'logsdb' }),
        ...settings,
      },
      mappings: { _meta: indexMark(index), ...mappings },
    },
  })
  const template = marked('index_template', name, index, {
    index_patterns: [patternOf(index)],
    priority: PRIORITY,
    ...(isDataStream && { data_stream: {} }),
    // The later one wins, and is the operator's own. What the index template itself said would win over both.
    composed_of: [component.name, `${name}@custom`],
    ignore_missing_component_templates: [`${name}@custom`],
    // The cluster's own retention: it also begins new backing indices.
    ...(isDataStream && {
      template: { lifecycle: retention.days === undefined ? {} : { data_retention: `${retention.days}d` } },
    }),
  })
  return { index, templates: [component, template] }
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
          tries: { type: 'long' },
          reason: { type: 'text', norms: false, fields: { keyword } },
          action: { type: 'keyword', index: false, doc_values: false },
          event: { type: 'keyword', index: false, doc_values: false },
        },
      },
    },
  })
  return { index, templates: [template] }
}

/** The mark in the mapping of each index that was made from our templates. */
export function indexMark(index: string): Mark {
  return { managed_by: 'sluice', index }
}

/** `syslog-*.*.*` for `syslog-%Y.%m.%d`: in Elasticsearch only `*` is special. */
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

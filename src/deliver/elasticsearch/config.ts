import { resolve } from 'node:path'
import { z } from 'zod'
import { camel, name, text } from '../../config/fields.ts'
import { duration, size } from '../../config/units.ts'

/** https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create, "Index names". */
const NAME = /^(?![-_+.])[^A-Z\\/*?"<>| ,#:\s]{1,200}$/

const nodeUrl = text('an address such as http://data1:9200, without user and password', (url) => {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === ''
})

const indexName = () =>
  text(
    'a name of small letters, in which %Y, %m and %d stand for the date, such as syslog-%Y.%m.%d',
    (name) => NAME.test(name.replaceAll(/%[Ymd%]/g, '')) && !/%[^Ymd%]|%$/.test(name.replaceAll('%%', '')),
  )

const plainName = (wanted: string) => text(wanted, (name) => NAME.test(name) && !name.includes('%'))

const secret = (what: string) => z.string().min(1).optional().describe(what)

const section = z
  .strictObject({
    nodes: z
      .array(nodeUrl)
      .min(1)
      .describe('addresses of nodes; requests go to each in turn, and around those that are away'),
    index: indexName()
      .optional()
      .describe('index of an event, named after its own day in UTC. Absent, without `data_stream`: `syslog-%Y.%m.%d`'),
    data_stream: plainName('a name of small letters, such as logs-syslog-default')
      .optional()
      .describe('data stream instead of indices by date; after a rollover a repeated delivery may appear twice'),
    replicas: z.int().min(0).max(20).default(2).describe('copies of each shard: so many nodes may be lost'),
    shards: z.int().min(1).max(1024).default(1).describe('primary shards of an index'),
    refresh: duration('100ms', '1h').prefault('5s').describe('when new events can be searched'),
    codec: z
      .enum(['default', 'best_compression'])
      .default('best_compression')
      .describe('how the cluster packs documents'),
    logsdb: z.boolean().default(false).describe("the cluster's index mode for logs"),
    setup: z.boolean().default(true).describe('install the index templates at the start; events wait for them'),
    retention: z
      .strictObject({
        days: z.int().min(1).optional().describe('days kept besides today. Absent: not bounded by time'),
        size: size('1mb')
          .optional()
          .describe('what the indices may take, replicas included. Absent: not bounded by size'),
      })
      .prefault({})
      .describe('when old days are removed. Absent: never'),
    username: secret('user for basic authentication'),
    password: secret('its password, such as `${ES_PASSWORD}`'),
    password_file: secret('file that holds the password'),
    api_key: secret('API key in its base64 form'),
    api_key_file: secret('file that holds the API key'),
    ca: z.string().min(1).optional().describe("file with the certificate of the cluster's own authority"),
    fingerprint: text('a SHA-256 fingerprint, 32 pairs of hex digits', (text) =>
      /^[0-9a-f]{64}$/i.test(text.replaceAll(':', '')),
    )
      .optional()
      .describe("SHA-256 fingerprint of the authority's certificate, instead of `ca`"),
    gzip: z.boolean().default(false).describe('pack requests: less traffic for more CPU'),
    bulk: z
      .strictObject({
        size: size('10kb', '100mb').prefault('5mb').describe('most bytes of a request'),
        delay: duration('0ms', '1m').prefault('250ms').describe('how long a request waits to be filled'),
        concurrency: z
          .int()
          .min(1)
          .max(64)
          .default(4)
          .describe('most requests at a time; fewer while the cluster is slow or full'),
      })
      .prefault({})
      .describe('requests'),
    sniff: z.boolean().default(false).describe('ask the cluster for its other nodes'),
    dead_index: z
      .union([plainName('a name of small letters, or false'), z.literal(false)])
      .default('sluice-dead')
      .describe('index for events that the cluster refused, besides the file; `false`: only the file'),
  })
  .superRefine((config, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    const exclude = (a: keyof typeof config, b: keyof typeof config) => {
      if (config[a] !== undefined && config[b] !== undefined) issue(b, `say either ${a} or ${b}, not both`)
    }
    exclude('index', 'data_stream')
    exclude('password', 'password_file')
    exclude('api_key', 'api_key_file')
    exclude('username', 'api_key')
    exclude('username', 'api_key_file')
    exclude('ca', 'fingerprint')
    const { days, size } = config.retention
    if (config.data_stream !== undefined && size !== undefined)
      issue('retention', 'by size only indices by date are removed; a data stream knows `days`')
    if (config.index !== undefined && !config.index.includes('%Y') && (days ?? size) !== undefined)
      issue('retention', `the index needs a date to be removed by, such as %Y.%m.%d; it is "${config.index}"`)
    const password = config.password ?? config.password_file
    if ((config.username === undefined) !== (password === undefined))
      issue(config.username === undefined ? 'username' : 'password', 'user and password go together; one is missing')
    const isPlain = config.nodes.some((url) => url.startsWith('http:'))
    for (const key of ['ca', 'fingerprint'] as const)
      if (config[key] !== undefined && isPlain)
        issue(key, 'of use with https:// only, and there are nodes with http://')
  })

/** An Elasticsearch cluster, 8 or 9. */
export const elasticsearchConfig = z
  .strictObject({
    name: name().default('elasticsearch').describe('what routes and the ledger call this output'),
    elasticsearch: section.describe('a cluster of Elasticsearch 8 or 9'),
  })
  .transform(({ name, elasticsearch: { password_file, api_key_file, ca, index, data_stream, ...rest } }) => ({
    kind: 'elasticsearch' as const,
    name,
    /** What the action lines say; with a date or, for a data stream, without. */
    index: data_stream ?? index ?? 'syslog-%Y.%m.%d',
    isDataStream: data_stream !== undefined,
    passwordFile: file(password_file),
    apiKeyFile: file(api_key_file),
    ca: file(ca),
    ...camel(rest),
  }))

export type ElasticsearchConfig = z.output<typeof elasticsearchConfig>

function file(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path)
}

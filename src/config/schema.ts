import { hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { archiveConfig } from '../archive/config.ts'
import { bufferConfig } from '../buffer/config.ts'
import { sampleConfig } from '../dataset/format.ts'
import { elasticsearchConfig } from '../deliver/elasticsearch/config.ts'
import { fileConfig } from '../deliver/file/config.ts'
import { redisListOutputConfig } from '../deliver/redis-list/config.ts'
import { stdoutConfig } from '../deliver/stdout/config.ts'
import { storeConfig } from '../deliver/store/config.ts'
import { receiveConfig } from '../receive/config.ts'
import { filtersConfig, routeConfig } from '../route/config.ts'
import { timezone } from './fields.ts'
import { address, size } from './units.ts'

/** One output: `kind` tells which. Those that write somewhere on this machine have a `path`. */
export const deliverConfig = z.union([
  storeConfig,
  elasticsearchConfig,
  fileConfig,
  redisListOutputConfig,
  stdoutConfig,
])

/** The whole file. Each component declares its own part; parse, defaults, JSON Schema and reference docs follow. */
export const configSchema = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .default('./data')
      .describe('directory of everything that sluice keeps; a relative one stands where sluice is started'),
    host: z.string().min(1).optional().describe("own host name. Absent: the machine's"),
    timezone: timezone()
      .default('local')
      .describe('zone of time stamps that name none: `local`, `Europe/Berlin` or `+02:00`'),
    shape: z.enum(['ecs', 'logstash']).default('ecs').describe('form of the events; never both in one index'),
    receive: z.array(receiveConfig).default([]).describe('inputs'),
    archive: archiveConfig,
    filters: filtersConfig,
    routes: z.array(routeConfig).default([]).describe('tried in order, the first match wins; the rest is `unrouted`'),
    datasets: z
      .union([z.array(z.string().min(1)), z.literal(false)])
      .default([])
      .describe(
        'directories of further dataset files, which go before shipped ones of the same name; `false`: lines are not parsed beyond their header',
      ),
    patterns: z.array(z.string().min(1)).default([]).describe("directories of own grok patterns, in Logstash's format"),
    tests: z.array(sampleConfig).default([]).describe('lines and what they must become, for `sluice test`'),
    buffer: bufferConfig,
    deliver: z.array(deliverConfig).default([]).describe('outputs, each with its own place in the buffer'),
    dead: z
      .strictObject({
        size: size('64kb')
          .prefault('256mb')
          .describe(
            'what they may take, per output; when it is used up the oldest stay, and new ones are lost, counted',
          ),
      })
      .prefault({})
      .describe('events that an output refuses for good: kept under `data`, see `sluice dead`'),
    metrics: z
      .union([address('127.0.0.1'), z.literal(false)])
      .prefault('127.0.0.1:9514')
      .describe('address of `/metrics` and `/health/ready`, or `false`'),
  })
  .transform((config) => ({ ...settle(config), deliver: outputsUnder(config.data, config.deliver) }))

/** A checked config with all defaults; paths are absolute, sizes bytes, times milliseconds. */
export type Config = z.output<typeof configSchema>
export type ReceiveConfig = Config['receive'][number]
export type DeliverConfig = Config['deliver'][number]
export type RouteConfig = Config['routes'][number]

interface Settling {
  data: string
  datasets: string[] | false
  patterns: string[]
  host?: string | undefined
  archive: false | { path: string }
  routes: { archive?: string | false | undefined }[]
  buffer: { disk: { path: string } }
}

/** What depends on more than one key: own places stand under `data`, and the host has a name. */
function settle<T extends Settling>(config: T) {
  const data = resolve(config.data)
  const under = <P extends { path: string }>(part: P): P => ({ ...part, path: place(data, part.path) })
  return {
    ...config,
    data,
    datasets: config.datasets === false ? config.datasets : config.datasets.map((dir) => resolve(dir)),
    patterns: config.patterns.map((dir) => resolve(dir)),
    host: config.host ?? hostname(),
    archive: config.archive === false ? config.archive : under(config.archive),
    routes: config.routes.map((route) =>
      typeof route.archive === 'string' ? { ...route, archive: place(data, route.archive) } : route,
    ),
    buffer: { ...config.buffer, disk: under(config.buffer.disk) },
  }
}

function outputsUnder<O extends { kind: string; path?: string }>(data: string, outputs: O[]): O[] {
  return outputs.map((output) =>
    output.path === undefined ? output : { ...output, path: place(resolve(data), output.path) },
  )
}

/** A template is not normalised: `${host}/..` is for whoever fills it in to judge. */
function place(data: string, path: string): string {
  if (isAbsolute(path)) return path
  return path.includes('${') ? `${data}/${path.replace(/^(\.\/)+/, '')}` : join(data, path)
}

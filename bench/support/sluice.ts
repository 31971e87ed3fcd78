import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { callControl } from '../../src/engine/control.ts'
import type { LedgerReport } from '../../src/ledger/report.ts'
import { ledgerReport } from '../../src/ledger/report.ts'
import { type Cluster, startCluster } from '../../test/support/elasticsearch.ts'
import { freePort } from '../../test/support/programs.ts'
import { type RedisServer, startRedis } from '../../test/support/redis.ts'
import { type BulkSink, startBulkSink } from './bulk-sink.ts'
import { LineCounter } from './line-counter.ts'
import type { Work } from './peers.ts'
import { launch, type Running, type Subject } from './subject.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'sluice')

/** Who says how many lines have reached the end, and what has to run beside sluice. */
interface Shape {
  name: string
  /** All keys of the config but `data`, `receive` and `metrics`. */
  config(parts: Parts): string
  /** A shipper of its own takes the buffer's events, with this config. */
  shipper?(parts: Parts): string
  redis?: boolean
  /** A bulk server that counts, or a real node of Elasticsearch. */
  sink?: boolean
  cluster?: boolean
  handled(parts: Parts): Promise<number>
  /** What `handled` tells; default events: lines that were joined to others count with them. */
  counts?: 'lines'
  /** Threads that receive UDP; default 1. */
  lanes?: number
}

interface Parts {
  dir: string
  redis: RedisServer | null
  sink: BulkSink | null
  cluster: Cluster | null
  ledger(): Promise<LedgerReport>
  files: LineCounter
}

const output = async ({ ledger }: Parts, field: 'delivered' | 'handedOn' | 'dead'): Promise<number> =>
  (await ledger()).outputs.reduce((sum, one) => sum + one[field], 0)
const joined = async ({ ledger }: Parts): Promise<number> => (await ledger()).outputs[0]?.joined ?? 0
const counted = async ({ sink }: Parts): Promise<number> => (await sink?.report())?.events ?? 0
const elasticsearch = ({ sink, cluster }: Parts): string =>
  cluster === null
    ? `deliver: [{ elasticsearch: { nodes: ["${sink?.url}"], setup: false } }]`
    : `deliver: [{ elasticsearch: { nodes: ["${cluster.urls[0]}"], replicas: 0 } }]`
const stats = z.object({ _all: z.object({ primaries: z.object({ indexing: z.object({ index_total: z.number() }) }) }) })
/** Documents that the node has taken, searchable or not yet. */
const indexed = async ({ cluster }: Parts): Promise<number> => {
  const answer = await cluster?.call('GET', '/syslog-*/_stats/indexing?ignore_unavailable=true')
  return stats.safeParse(answer).data?._all.primaries.indexing.index_total ?? 0
}
const tree = '"${host}/${service}.log"'

/** From the smallest to the whole chain. */
export const shapes = {
  receive: {
    name: 'receive',
    config: () => 'archive: false',
    counts: 'lines',
    handled: async ({ ledger }) =>
      Object.values((await ledger()).inputs).reduce((sum, counters) => sum + (counters.received ?? 0), 0),
  },
  archive: {
    name: 'receive, archive',
    config: () => `archive: ${tree}`,
    counts: 'lines',
    handled: async ({ ledger }) => (await ledger()).archive.lines,
  },
  store: {
    name: 'receive, parse, store',
    config: () => 'archive: false\ndeliver: [{ store: {} }]',
    handled: (parts) => output(parts, 'delivered'),
  },
  redis: {
    name: 'receive, parse, Redis',
    redis: true,
    config: ({ redis }) =>
      `archive: false\nbuffer: { redis: ["${redis?.url}"], ship: false }\ndeliver: [{ elasticsearch: { nodes: ["http://127.0.0.1:9"], setup: false } }]`,
    handled: (parts) => output(parts, 'handedOn'),
  },
  chain: {
    name: 'receive, parse, Redis, shipper, bulk server',
    redis: true,
    sink: true,
    config: (parts) =>
      `archive: false\nbuffer: { redis: ["${parts.redis?.url}"], ship: false }\n${elasticsearch(parts)}`,
    shipper: (parts) => `archive: false\nbuffer: { redis: ["${parts.redis?.url}"] }\n${elasticsearch(parts)}`,
    handled: counted,
  },
  json: {
    name: 'receive, parse, JSON file',
    config: ({ dir }) => `archive: false\ndeliver: [{ file: { path: "${dir}/out/events.json" } }]`,
    handled: async ({ files }) => files.count(),
  },
  bulk: {
    name: 'receive, parse, bulk server',
    sink: true,
    config: (parts) => `archive: false\n${elasticsearch(parts)}`,
    handled: counted,
  },
  elasticsearch: {
    name: 'receive, parse, Redis, shipper, Elasticsearch node',
    redis: true,
    cluster: true,
    config: (parts) =>
      `archive: false\nbuffer: { redis: ["${parts.redis?.url}"], ship: false }\n${elasticsearch(parts)}`,
    shipper: (parts) => `archive: false\nbuffer: { redis: ["${parts.redis?.url}"] }\n${elasticsearch(parts)}`,
    handled: indexed,
  },
} satisfies Record<string, Shape>

/** The same work as a peer's. */
export const sluiceFor = (work: Work): Subject => {
  const { archive, json, bulk } = shapes
  return { ...subject({ file: archive, json, bulk }[work]), name: 'sluice' }
}

/** One process, delivering to a bulk server that fails; its dead letters are told. */
export function sluiceInto({ url }: { url: string }): Subject {
  const config = `archive: false\ndeliver: [{ elasticsearch: { nodes: ["${url}"], setup: false } }]`
  return {
    ...subject({ name: 'sluice', config: () => config, handled: (parts) => output(parts, 'delivered') }),
    name: 'sluice',
  }
}

export function subject(shape: Shape): Subject {
  return { name: shape.name, start: (dir) => start(shape, dir) }
}

async function start(shape: Shape, dir: string): Promise<Running> {
  const stack = new AsyncDisposableStack()
  mkdirSync(join(dir, 'out'))
  const data = join(dir, 'data')
  const parts: Parts = {
    dir,
    redis: shape.redis ? stack.use(await startRedis()) : null,
    sink: shape.sink ? stack.use(await startBulkSink()) : null,
    cluster: shape.cluster ? stack.use(await startCluster({ data: 1, heap: '1g' })) : null,
    ledger: () => ledgerOf(data),
    files: new LineCounter(join(dir, 'out'), '.json'),
  }
  const port = await freePort()
  const receive = `receive: [{ udp: "127.0.0.1:${port}", lanes: ${shape.lanes ?? 1} }, { tcp: "127.0.0.1:${port}" }]`
  const run = async (name: string, text: string, ready: number) => {
    const file = join(dir, `${name}.yaml`)
    writeFileSync(file, text)
    return stack.use(await launch(BIN, ['run', '-c', file], { udp: port, tcp: ready }))
  }
  const pids = new Map<string, number>()
  if (shape.shipper !== undefined) {
    const metrics = await freePort()
    const text = `data: ${join(dir, 'shipper')}\nmetrics: "127.0.0.1:${metrics}"\n${shape.shipper(parts)}\n`
    pids.set('shipper', (await run('shipper', text, metrics)).pid)
  }
  const receiver = await run('receiver', `data: ${data}\nmetrics: false\n${receive}\n${shape.config(parts)}\n`, port)
  await answering(data)
  pids.set('receiver', receiver.pid)
  const { sink, cluster, redis } = parts
  if (cluster !== null) pids.set('Elasticsearch', cluster.pid(0))
  return {
    udp: `udp://127.0.0.1:${port}`,
    tcp: `tcp://127.0.0.1:${port}`,
    pids,
    startMillis: receiver.startMillis,
    handled: async () => (await shape.handled(parts)) + (shape.counts === 'lines' ? 0 : await joined(parts)),
    extras: async () => ({
      dead: await output(parts, 'dead'),
      ...(sink ? { toBulk: (await sink.report()).bytes } : {}),
      ...(redis ? { toRedis: await bytesInto(redis) } : {}),
    }),
    ...(sink ? { latency: () => sink.takeLatency() } : {}),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** What clients sent, and so nearly what is kept there until it is settled. */
async function bytesInto(redis: RedisServer): Promise<number> {
  const info = String(await redis.command('INFO', 'stats'))
  return Number(/^total_net_input_bytes:(\d+)/m.exec(info)?.[1])
}

/** It listens for lines before it does for questions. */
async function answering(data: string): Promise<void> {
  for (const end = Date.now() + 10_000; ; await delay(20)) {
    try {
      await ledgerOf(data)
      return
    } catch (error) {
      if (Date.now() > end) throw new Error(`sluice in ${data} does not answer`, { cause: error })
    }
  }
}

async function ledgerOf(data: string): Promise<LedgerReport> {
  for await (const report of callControl(data, 'status', {})) return ledgerReport.parse(report)
  throw new Error('sluice gave no status')
}

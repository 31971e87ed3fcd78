import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { callControl } from '../../src/engine/control.ts'
import type { LedgerReport } from '../../src/ledger/report.ts'
import { ledgerReport } from '../../src/ledger/report.ts'
import { type RedisServer, startRedis } from '../../test/support/redis.ts'
import { type BulkSink, startBulkSink } from './bulk-sink.ts'
import { LineCounter } from './line-counter.ts'
import type { Work } from './peers.ts'
import { freeUdpPort, launch, type Running, type Subject } from './subject.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'sluice')

/** Who says how many lines have reached the end, and what has to run beside sluice. */
interface Shape {
  name: string
  /** All keys of the config but `data`, `receive` and `metrics`. */
  config(parts: Parts): string
  /** A shipper of its own takes the buffer's events, with this config. */
  shipper?(parts: Parts): string
  redis?: boolean
  sink?: boolean
  /** An Elasticsearch node's URL that is used instead of the counting server. */
  handled(parts: Parts): Promise<number>
}

interface Parts {
  dir: string
  redis: RedisServer | null
  sink: BulkSink | null
  ledger(): Promise<LedgerReport>
  files: LineCounter
}

const output = async ({ ledger }: Parts, field: 'delivered' | 'handedOn'): Promise<number> =>
  (await ledger()).outputs.reduce((sum, one) => sum + one[field], 0)
const counted = async ({ sink }: Parts): Promise<number> => (await sink?.report())?.events ?? 0
const elasticsearch = ({ sink }: Parts): string =>
  `deliver: [{ elasticsearch: { nodes: ["${sink?.url}"], setup: false } }]`
const tree = '"${host}/${service}.log"'

/** From the smallest to the whole chain. */
export const shapes = {
  receive: {
    name: 'receive',
    config: () => 'archive: false',
    handled: async ({ ledger }) =>
      Object.values((await ledger()).inputs).reduce((sum, counters) => sum + (counters.received ?? 0), 0),
  },
  archive: {
    name: 'receive, archive',
    config: () => `archive: ${tree}`,
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
    name: 'receive, parse, Redis, shipper, Elasticsearch',
    redis: true,
    sink: true,
    config: (parts) =>
      `archive: false\nbuffer: { redis: ["${parts.redis?.url}"], ship: false }\n${elasticsearch(parts)}`,
    shipper: (parts) => `archive: false\nbuffer: { redis: ["${parts.redis?.url}"] }\n${elasticsearch(parts)}`,
    handled: counted,
  },
} satisfies Record<string, Shape>

/** The same work as a peer's. */
export const sluiceFor = (work: Work): Subject => {
  const { archive, json, bulk } = shapes
  return { ...subject({ file: archive, json, bulk }[work]), name: 'sluice' }
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
    ledger: () => ledgerOf(data),
    files: new LineCounter(join(dir, 'out'), '.json'),
  }
  const port = await freeUdpPort()
  const receive = `receive: [{ udp: "127.0.0.1:${port}" }, { tcp: "127.0.0.1:${port}" }]`
  const run = async (name: string, text: string, ready: number) => {
    const file = join(dir, `${name}.yaml`)
    writeFileSync(file, text)
    return stack.use(await launch(BIN, ['run', '-c', file], { udp: port, tcp: ready }))
  }
  const pids = new Map<string, number>()
  if (shape.shipper !== undefined) {
    const metrics = await freeUdpPort()
    const text = `data: ${join(dir, 'shipper')}\nmetrics: "127.0.0.1:${metrics}"\n${shape.shipper(parts)}\n`
    pids.set('shipper', (await run('shipper', text, metrics)).pid)
  }
  const receiver = await run('receiver', `data: ${data}\nmetrics: false\n${receive}\n${shape.config(parts)}\n`, port)
  pids.set('receiver', receiver.pid)
  const { sink } = parts
  return {
    udp: `udp://127.0.0.1:${port}`,
    tcp: `tcp://127.0.0.1:${port}`,
    pids,
    startMillis: receiver.startMillis,
    handled: () => shape.handled(parts),
    ...(sink ? { latency: async () => (await sink.report()).latency } : {}),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function ledgerOf(data: string): Promise<LedgerReport> {
  for await (const report of callControl(data, 'status', {})) return ledgerReport.parse(report)
  throw new Error('sluice gave no status')
}

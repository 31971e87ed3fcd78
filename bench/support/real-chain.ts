import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { callControl } from '../../src/engine/control.ts'
import { type LedgerReport, ledgerReport } from '../../src/ledger/report.ts'
import { type Cluster, startCluster } from '../../test/support/elasticsearch.ts'
import { freePort } from '../../test/support/programs.ts'
import { type RedisServer, startRedis } from '../../test/support/redis.ts'
import { launch } from './subject.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'sluice')
const STOP_MILLIS = 10_000

/** A receiver, a Redis, a shipper and one node of Elasticsearch, all of them real; sluice started as people start it. */
export interface RealChain extends AsyncDisposable {
  /** For what else has to be kept meanwhile. */
  dir: string
  redis: RedisServer
  cluster: Cluster
  /** Of the receiver: `udp://127.0.0.1:…`. */
  udp: string
  /** Their processes. */
  receiver: number
  shipper: number
  /** The receiver's ledger. */
  status(): Promise<LedgerReport>
  /** Documents that the node has taken, searchable or not, since `clear`. */
  indexed(): Promise<number>
  /** Removes the indices of events. */
  clear(): Promise<void>
}

const stats = z.object({ _all: z.object({ primaries: z.object({ indexing: z.object({ index_total: z.number() }) }) }) })

/** @param jvm more options of the node's JVM */
export async function startRealChain(options: { refresh: string; jvm?: readonly string[] }): Promise<RealChain> {
  await using stack = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true }))
  const redis = stack.use(await startRedis())
  const cluster = stack.use(await startCluster({ data: 1, heap: '1g', jvm: options.jvm ?? [] }))
  const node = `{ nodes: ["${cluster.urls[0]}"], replicas: 0, refresh: ${options.refresh} }`
  const run = async (role: string, text: string) => {
    const port = await freePort()
    const file = join(dir, `${role}.yaml`)
    const common = `data: ${join(dir, role)}\nmetrics: "127.0.0.1:${port}"\narchive: false\ndeliver: [{ elasticsearch: ${node} }]`
    writeFileSync(file, `${common}\n${text}\n`)
    const { pid, ...running } = await launch(BIN, ['run', '-c', file], { udp: port, tcp: port })
    stack.defer(async () => {
      await stop(pid)
      await running[Symbol.asyncDispose]()
    })
    return pid
  }
  const port = await freePort()
  const shipper = await run('shipper', `buffer: { redis: ["${redis.url}"] }`)
  const receive = `receive: [{ udp: "127.0.0.1:${port}", lanes: 1 }]`
  const receiver = await run('receiver', `${receive}\nbuffer: { redis: ["${redis.url}"], ship: false }`)
  const parts = stack.move()
  return {
    ...{ dir, redis, cluster, receiver, shipper, udp: `udp://127.0.0.1:${port}` },
    async status() {
      for await (const report of callControl(join(dir, 'receiver'), 'status', {})) return ledgerReport.parse(report)
      throw new Error('the receiver gave no status')
    },
    async indexed() {
      const answer = await cluster.call('GET', '/syslog-*/_stats/indexing?ignore_unavailable=true')
      return stats.safeParse(answer).data?._all.primaries.indexing.index_total ?? 0
    },
    async clear() {
      const names = String(await cluster.call('GET', '/_cat/indices/syslog-*?h=index'))
      for (const name of names.split('\n').filter(Boolean)) await cluster.call('DELETE', `/${name.trim()}`)
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** An orderly stop, which also writes the compile cache: without it the next start takes more time and memory. */
async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM')
  for (const end = Date.now() + STOP_MILLIS; Date.now() < end && isAlive(pid); ) await delay(50)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

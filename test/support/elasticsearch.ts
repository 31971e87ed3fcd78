import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ElasticsearchNode, reservePorts } from './elasticsearch-node.ts'
import { until } from './sluice.ts'

const READY_MILLIS = 240_000
const CALL_MILLIS = 30_000

export interface Cluster extends AsyncDisposable {
  /** Of the data nodes; node `n` below is the one of `urls[n]`, those without data come after them. */
  urls: string[]
  /** All nodes. */
  count: number
  pid(node: number): number
  /** kill -9, all at once; resolves when they are gone. */
  kill(...nodes: number[]): Promise<void>
  /** An orderly stop. */
  term(...nodes: number[]): Promise<void>
  /** Starts them again with their data, after a `kill` if they run; does not wait until they are ready. */
  restart(...nodes: number[]): Promise<void>
  /** More settings, of nodes that start from now on. */
  configure(settings: Record<string, unknown>): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(...nodes: number[]): void
  /** SIGCONT. */
  resume(...nodes: number[]): void
  /** Waits until the cluster is green with so many nodes (default: all of them). */
  green(nodes?: number): Promise<void>
  /** The same, replicas apart that too few nodes have no place for. */
  yellow(nodes: number): Promise<void>
  /** Asks a node that runs. Throws when the answer is an error; objects are sent as JSON, strings as they are. */
  call(method: string, path: string, body?: unknown): Promise<unknown>
  /** Ends all nodes and removes what they wrote. */
  stop(): Promise<void>
}

export interface ClusterOptions {
  /** Data nodes; all of them and the masters vote. With 4 and 1, any two may be killed at once. */
  data?: number
  /** Nodes that hold no data. */
  masters?: number
  /** Of every node: `{ 'http.max_content_length': '1mb' }`. */
  settings?: Record<string, unknown>
  heap?: string
  /**
   * More options of the JVM. By default it compiles in one stage: 38 s of CPU for the first million small events of a
   * node, where it takes 80 with all stages; after 200,000 events it is the other way round (`-XX:TieredStopAtLevel=4`).
   */
  jvm?: readonly string[]
}

/** A real Elasticsearch cluster on loopback, one JVM a node. Resolves when it is green. */
export async function startCluster({
  data = 4,
  masters = data === 1 ? 0 : 1,
  settings = {},
  heap = '512m',
  jvm = [],
}: ClusterOptions = {}): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-elasticsearch-'))
  const count = data + masters
  const all = Array.from({ length: count }, (_, n) => n)
  const http = await reservePorts(count)
  const transport = await reservePorts(count)
  const nodes = http.map((port, n) => {
    const own = { name: `node${n}`, directory: join(directory, `node${n}`), heap: n < data ? heap : '256m' }
    return new ElasticsearchNode({ ...own, http: port, jvm })
  })
  const chosen = (which: readonly number[]) =>
    which.map((n) => {
      const node = nodes[n]
      if (node === undefined) throw new Error(`there is no node ${n}, only 0 to ${count - 1}`)
      return node
    })
  const end = (signal: NodeJS.Signals, which: readonly number[]) =>
    Promise.all(chosen(which).map((node) => node.end(signal)))
  const living = () => nodes.filter(({ isRunning }) => isRunning)

  const configure = (more: Record<string, unknown>) =>
    Promise.all(
      nodes.map((node, n) =>
        node.configure({
          'cluster.name': `sluice-test-${process.pid}`,
          'node.roles': n < data ? ['master', 'data', 'ingest'] : ['master'],
          'path.repo': [join(directory, 'snapshots')],
          'transport.port': transport[n],
          'discovery.seed_hosts': transport.map((port) => `127.0.0.1:${port}`),
          'cluster.initial_master_nodes': all.map((n) => `node${n}`),
          ...settings,
          ...more,
        }),
      ),
    )

  async function health(status: string, wanted: number): Promise<void> {
    const query = `wait_for_status=${status}&wait_for_nodes=${wanted}&wait_for_no_initializing_shards=true&timeout=5s`
    const reached = async () => {
      if (wanted > living().length) throw new Error('not all of them run')
      return cluster.call('GET', `/_cluster/health?${query}`).then(
        () => true,
        () => false,
      )
    }
    await until(`${status} with ${wanted} nodes`, reached, READY_MILLIS).catch((error) => {
      const node = nodes.find(({ isRunning }) => !isRunning) ?? nodes[0]
      throw new Error(`wanted ${status} with ${wanted} nodes: ${error.message}\n${node?.lastWords()}`)
    })
  }

  const cluster: Cluster = {
    count,
    urls: nodes.slice(0, data).map(({ url }) => url),
    pid: (n) => chosen([n])[0]?.pid ?? -1,
    async kill(...which) {
      await end('SIGKILL', which)
    },
    async term(...which) {
      await end('SIGTERM', which)
    },
    async restart(...which) {
      await end('SIGKILL', which)
      await Promise.all(chosen(which).map((node) => node.start()))
    },
    async configure(more) {
      await configure(more)
    },
    pause: (...which) => {
      for (const node of chosen(which)) node.signal('SIGSTOP')
    },
    resume: (...which) => {
      for (const node of chosen(which)) node.signal('SIGCONT')
    },
    green: (wanted = count) => health('green', wanted),
    yellow: (wanted) => health('yellow', wanted),
    async call(method, path, body) {
      const content = typeof body === 'string' ? body : JSON.stringify(body)
      const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
      const init = { method, ...(content === undefined ? {} : { body: content, headers: { 'content-type': type } }) }
      let failure: unknown
      for (const { url } of living()) {
        const answer = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(CALL_MILLIS) })
          .then(async (response) => ({ ok: response.ok, status: response.status, text: await response.text() }))
          .catch((error) => {
            failure = error
          })
        if (answer?.ok) return path.startsWith('/_cat') ? answer.text : answer.text && JSON.parse(answer.text)
        if (answer) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 2000)}`)
      }
      throw new Error(`no node answers ${method} ${path}`, { cause: failure })
    },
    async stop() {
      await end('SIGKILL', all)
      process.removeListener('exit', abandon)
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
    [Symbol.asyncDispose]: () => cluster.stop(),
  }
  const abandon = () => {
    for (const node of nodes) node.signal('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  process.on('exit', abandon)

  try {
    await configure({})
    await cluster.restart(...all)
    await cluster.green()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

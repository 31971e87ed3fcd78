import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './sluice.ts'

const HOME = join(import.meta.dirname, '../../.cache/services/elasticsearch')
const CLASSES = join(HOME, 'classes.jsa')
const READY_MILLIS = 240_000

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
  if (!existsSync(join(HOME, 'test-node.jar'))) throw new Error('no Elasticsearch here: sh test/services/install.sh')
  const directory = await mkdtemp(join(tmpdir(), 'sluice-elasticsearch-'))
  const count = data + masters
  const ports = await reservePorts(2 * count)
  const nodes = Array.from({ length: count }, (_, n) => ({
    name: `node${n}`,
    directory: join(directory, `node${n}`),
    http: ports[2 * n] ?? 0,
    transport: ports[2 * n + 1] ?? 0,
    heap: n < data ? heap : '256m',
    process: undefined as ChildProcess | undefined,
  }))
  const chosen = (which: readonly number[]) =>
    which.map((n) => nodes[n] ?? fail(`there is no node ${n}, only 0 to ${count - 1}`))

  async function configure(n: number, settings: Record<string, unknown>): Promise<void> {
    const node = nodes[n] ?? fail(`no node ${n}`)
    for (const folder of ['config', 'tmp']) await mkdir(join(node.directory, folder), { recursive: true })
    // JSON is YAML.
    const config = {
      'cluster.name': `sluice-test-${process.pid}`,
      'node.name': node.name,
      'node.roles': n < data ? ['master', 'data', 'ingest'] : ['master'],
      'path.home': HOME,
      'path.data': join(node.directory, 'data'),
      'path.logs': join(node.directory, 'logs'),
      'path.repo': [join(directory, 'snapshots')],
      'network.host': '127.0.0.1',
      'http.port': node.http,
      'transport.port': node.transport,
      'discovery.seed_hosts': nodes.map(({ transport }) => `127.0.0.1:${transport}`),
      'cluster.initial_master_nodes': nodes.map(({ name }) => name),
      // A full disk of this machine, and its memory, are not what is tested.
      'cluster.routing.allocation.disk.threshold_enabled': false,
      'indices.breaker.total.use_real_memory': false,
      ...settings,
    }
    await writeFile(join(node.directory, 'config/elasticsearch.yml'), JSON.stringify(config, null, 1))
    await writeFile(join(node.directory, 'config/log4j2.properties'), LOG_CONFIG)
  }

  for (const n of nodes.keys()) await configure(n, settings)

  async function launch(node: (typeof nodes)[number]): Promise<void> {
    const output = await open(join(node.directory, 'output.log'), 'a')
    const options = [
      `-Xms${node.heap}`,
      `-Xmx${node.heap}`,
      ...(existsSync(CLASSES) ? [`-XX:SharedArchiveFile=${CLASSES}`] : []),
      ...JVM_OPTIONS,
      ...jvm,
      `-Djava.io.tmpdir=${join(node.directory, 'tmp')}`,
    ]
    const program = ['-cp', join(HOME, 'test-node.jar'), 'TestNode', join(node.directory, 'config')]
    try {
      // The node ends when its standard input does, so it can't outlive this process.
      const child = spawn(join(HOME, 'jdk/bin/java'), [...options, ...program], {
        stdio: ['pipe', output.fd, output.fd],
        env: { ...process.env, ES_PATH_CONF: join(node.directory, 'config') },
      })
      child.stdin?.on('error', () => {})
      await once(child, 'spawn')
      node.process = child
    } finally {
      await output.close()
    }
  }
  async function end(signal: NodeJS.Signals, which: readonly number[]): Promise<void> {
    const running = chosen(which).flatMap(({ process }) => (process && isRunning(process) ? [process] : []))
    const gone = running.map((process) => once(process, 'exit'))
    for (const process of running) process.kill(signal)
    await Promise.all(gone)
  }
  const living = () => nodes.filter(({ process }) => process && isRunning(process))
  const all = nodes.map((_, n) => n)
  const dead = () => nodes.find(({ process }) => !process || !isRunning(process))
  const lastWords = (node = nodes[0]) =>
    node ? `${node.name}:\n${readFileSync(join(node.directory, 'output.log'), 'utf8').slice(-4000)}` : ''

  async function health(status: string, wanted: number): Promise<void> {
    const query = `wait_for_status=${status}&wait_for_nodes=${wanted}&wait_for_no_initializing_shards=true&timeout=5s`
    const reached = async () => {
      const fallen = wanted === count ? dead() : undefined
      if (fallen) throw new Error(`a node ended (${fallen.process?.exitCode}); ${lastWords(fallen)}`)
      return cluster.call('GET', `/_cluster/health?${query}`).then(
        () => true,
        () => false,
      )
    }
    await until(`${status} with ${wanted} nodes`, reached, READY_MILLIS).catch((error) => {
      throw new Error(`${error.message}\n${lastWords(living()[0])}`)
    })
  }

  const cluster: Cluster = {
    count,
    urls: nodes.slice(0, data).map(({ http }) => `http://127.0.0.1:${http}`),
    pid: (n) => chosen([n])[0]?.process?.pid ?? -1,
    kill: (...which) => end('SIGKILL', which),
    term: (...which) => end('SIGTERM', which),
    async restart(...which) {
      await end('SIGKILL', which)
      await Promise.all(chosen(which).map(launch))
    },
    async configure(more) {
      for (const n of all) await configure(n, { ...settings, ...more })
    },
    pause: (...which) => {
      for (const { process } of chosen(which)) process?.kill('SIGSTOP')
    },
    resume: (...which) => {
      for (const { process } of chosen(which)) process?.kill('SIGCONT')
    },
    green: (wanted = count) => health('green', wanted),
    yellow: (wanted) => health('yellow', wanted),
    async call(method, path, body) {
      const content = typeof body === 'string' ? body : JSON.stringify(body)
      const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
      const init = { method, ...(content === undefined ? {} : { body: content, headers: { 'content-type': type } }) }
      let failure: unknown
      for (const { http } of living()) {
        const answer = await fetch(`http://127.0.0.1:${http}${path}`, { ...init, signal: AbortSignal.timeout(30_000) })
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
    for (const { process } of nodes) process?.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  process.on('exit', abandon)

  try {
    await Promise.all(nodes.map(launch))
    await cluster.green()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

function fail(message: string): never {
  throw new Error(message)
}

/**
 * Free ports below those that the kernel gives to outgoing connections: a node that is started again must find its own
 * still free. Where the search begins depends on the process, so that tests side by side keep apart.
 */
async function reservePorts(count: number): Promise<number[]> {
  const [first, end] = [16_000, 32_000]
  const ports: number[] = []
  for (let i = 0; ports.length < count && i < end - first; i++) {
    const port = first + ((process.pid * 97 + taken++) % (end - first))
    if (await isFree(port)) ports.push(port)
  }
  return ports.length === count ? ports : fail('no free ports')
}
let taken = 0

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

const JVM_OPTIONS = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xss1m',
  '-Djava.awt.headless=true',
  '-Dfile.encoding=UTF-8',
  '-Dlog4j.shutdownHookEnabled=false',
  '-Dlog4j2.disable.jmx=true',
  '-Dio.netty.noUnsafe=true',
  '-Dio.netty.allocator.numDirectArenas=0',
  `-Des.path.home=${HOME}`,
  '-Des.distribution.type=tar',
  // A native library that Maven Central lacks; Lucene's own vector code does as well.
  '-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false',
  '--enable-native-access=ALL-UNNAMED,org.elasticsearch.nativeaccess,org.elasticsearch.foreign,org.apache.lucene.core',
  '--module-path',
  join(HOME, 'lib'),
  '--add-modules',
  'ALL-MODULE-PATH',
]

const LOG_CONFIG = `
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %-5p %c{1.} %marker%m%n%throwable{2}
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
`

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

const HOME = join(import.meta.dirname, '../../.cache/services/elasticsearch')
const CLASSES = join(HOME, 'classes.jsa')

export interface NodeOptions {
  name: string
  /** Its own, for all that it writes. */
  directory: string
  http: number
  heap: string
  jvm: readonly string[]
}

/** One node of a cluster: its files, and its process while it runs. */
export class ElasticsearchNode {
  readonly url: string
  readonly #options: NodeOptions
  #process: ChildProcess | undefined

  /** @throws when Elasticsearch is not installed. */
  constructor(options: NodeOptions) {
    if (!existsSync(join(HOME, 'test-node.jar'))) throw new Error('no Elasticsearch here: sh test/services/install.sh')
    this.#options = options
    this.url = `http://127.0.0.1:${options.http}`
  }

  get pid(): number {
    return this.#process?.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Of its next start. */
  async configure(settings: Record<string, unknown>): Promise<void> {
    const { name, directory, http } = this.#options
    for (const folder of ['config', 'tmp']) await mkdir(join(directory, folder), { recursive: true })
    const config = {
      'node.name': name,
      'path.home': HOME,
      'path.data': join(directory, 'data'),
      'path.logs': join(directory, 'logs'),
      'network.host': '127.0.0.1',
      'http.port': http,
      // A full disk of this machine, and its memory, are not what is tested.
      'cluster.routing.allocation.disk.threshold_enabled': false,
      'indices.breaker.total.use_real_memory': false,
      ...settings,
    }
    // JSON is YAML.
    await writeFile(join(directory, 'config/elasticsearch.yml'), JSON.stringify(config, null, 1))
    await writeFile(join(directory, 'config/log4j2.properties'), LOG_CONFIG)
  }

  async start(): Promise<void> {
    const { directory, heap, jvm } = this.#options
    const output = await open(join(directory, 'output.log'), 'a')
    const options = [
      `-Xms${heap}`,
      `-Xmx${heap}`,
      ...(existsSync(CLASSES) ? [`-XX:SharedArchiveFile=${CLASSES}`] : []),
      ...JVM_OPTIONS,
      ...jvm,
      `-Djava.io.tmpdir=${join(directory, 'tmp')}`,
    ]
    const config = join(directory, 'config')
    const program = ['-cp', join(HOME, 'test-node.jar'), 'TestNode', config]
    try {
      // The node ends when its standard input does, so it can't outlive this process.
      const child = spawn(join(HOME, 'jdk/bin/java'), [...options, ...program], {
        stdio: ['pipe', output.fd, output.fd],
        env: { ...process.env, ES_PATH_CONF: config },
      })
      child.stdin?.on('error', () => {})
      await once(child, 'spawn')
      this.#process = child
    } finally {
      await output.close()
    }
  }

  /** Sends it at once; resolves when the process has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning || this.#process === undefined) return
    const gone = once(this.#process, 'exit')
    this.#process.kill(signal)
    await gone
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  lastWords(): string {
    const text = readFileSync(join(this.#options.directory, 'output.log'), 'utf8').slice(-4000)
    return `${this.#options.name} ${this.isRunning ? 'runs' : `has ended (${this.#process?.exitCode})`}:\n${text}`
  }
}

/**
 * Free ports below those that the kernel gives to outgoing connections: a node that is started again must find its own
 * still free. Where the search begins depends on the process, so that tests side by side keep apart.
 */
export async function reservePorts(count: number): Promise<number[]> {
  const [first, end] = [16_000, 32_000]
  const ports: number[] = []
  for (let i = 0; ports.length < count && i < end - first; i++) {
    const port = first + ((process.pid * 97 + looked++) % (end - first))
    if (await isFree(port)) ports.push(port)
  }
  if (ports.length < count) throw new Error('no free ports')
  return ports
}
let looked = 0

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

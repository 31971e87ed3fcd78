import type { BatchBuffer } from '../buffer/buffer.ts'
import type { Config, DeliverConfig } from '../config/schema.ts'
import type { Output } from '../deliver/output.ts'
import type { ControlMethod } from './control.ts'
import { filesHappened, storeHappened } from './happenings.ts'
import type { Logger } from './log.ts'

type Of<Kind extends DeliverConfig['kind']> = Extract<DeliverConfig, { kind: Kind }>

export interface OpenedOutput {
  name: string
  output: Output
  /** Answers `sluice query`, when the output can. */
  query?: ControlMethod
}

export interface OutputContext {
  /** In which the output stands. */
  whole: Config
  log: Logger
  /** Where batches wait for it. */
  buffer: Pick<BatchBuffer, 'depth'>
}

/** Only what the config names is imported: a receiver without a store does not pay for DuckDB. */
export async function openOutput(config: DeliverConfig, context: OutputContext): Promise<OpenedOutput> {
  const { log } = context
  switch (config.kind) {
    case 'store':
      return openStore(config, log)
    case 'elasticsearch':
      return openCluster(config, context)
    case 'file':
      return { name: config.name, output: new (await import('../deliver/file/file.ts')).FileOutput(config) }
    case 'stdout':
      return { name: config.name, output: new (await import('../deliver/stdout/stdout.ts')).StdoutOutput(config) }
    case 'redis-list':
      return openRedisList(config, log)
  }
}

async function openStore({ name, path, memory, retention }: Of<'store'>, log: Logger): Promise<OpenedOutput> {
  const [{ Store }, { answerQuery }] = await Promise.all([
    import('../deliver/store/store.ts'),
    import('../deliver/store/answer.ts'),
  ])
  const store = await Store.open({ path, memory, retention, report: storeHappened(log) })
  return { name, output: store, query: (params) => answerQuery(store, params) }
}

async function openCluster(config: Of<'elasticsearch'>, { whole, log, buffer }: OutputContext): Promise<OpenedOutput> {
  const { name } = config
  const { openElasticsearch } = await import('../deliver/elasticsearch/open.ts')
  const oldest = async () => (await buffer.depth(name)).oldest
  return { name, output: await openElasticsearch(config, log, { whole, oldest }) }
}

async function openRedisList({ name, server, key }: Of<'redis-list'>, log: Logger): Promise<OpenedOutput> {
  const { ListWriter } = await import('../buffer/list/writer.ts')
  return { name, output: new ListWriter({ url: server, key, onHappening: filesHappened(log) }) }
}

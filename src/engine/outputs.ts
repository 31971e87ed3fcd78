import type { DeliverConfig } from '../config/schema.ts'
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

/** Only what the config names is imported: a receiver without a store does not pay for DuckDB. */
export async function openOutput(config: DeliverConfig, log: Logger): Promise<OpenedOutput> {
  switch (config.kind) {
    case 'store':
      return openStore(config, log)
    case 'elasticsearch':
      return {
        name: config.name,
        output: await (await import('../deliver/elasticsearch/open.ts')).openElasticsearch(config, log),
      }
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

async function openRedisList({ name, server, key }: Of<'redis-list'>, log: Logger): Promise<OpenedOutput> {
  const { ListWriter } = await import('../buffer/list/writer.ts')
  return { name, output: new ListWriter({ url: server, key, onHappening: filesHappened(log) }) }
}

import type { Logger } from 'pino'
import { openClient } from './client.ts'
import type { ElasticsearchConfig } from './config.ts'
import { ElasticsearchOutput } from './elasticsearch.ts'

/** Opens the output; the cluster need not be there yet. Throws UserError when a file of the config can't be read. */
export async function openElasticsearch(config: ElasticsearchConfig, log: Logger): Promise<ElasticsearchOutput> {
  const client = await openClient(config)
  return new ElasticsearchOutput({
    client,
    config,
    onHappening: ({ kind, ...details }) => {
      const output = config.name
      if (kind === 'held') log.warn({ output, ...details }, 'an index takes no events: those for it wait')
      else log.info({ output, ...details }, 'an index takes events again')
    },
  })
}

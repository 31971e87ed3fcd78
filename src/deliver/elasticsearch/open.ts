import type { Client } from '@elastic/elasticsearch'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { openClient } from './client.ts'
import type { ElasticsearchConfig } from './config.ts'
import { ElasticsearchOutput } from './elasticsearch.ts'
import { Lifecycle, type LifecycleHappening } from './lifecycle.ts'
import { templatesApart } from './setup-apart.ts'

/** What the care for the indices has to know beside the output's own config. */
export interface Surroundings {
  /** In which the output stands. */
  whole: Config
  /** Reception of the oldest event that waits for this output, ms since the epoch; undefined: none waits. */
  oldest(): Promise<number | undefined>
}

/**
 * Opens the output; the cluster need not be there yet. Without surroundings it only delivers: no templates, no retention.
 * Throws UserError when a file of the config can't be read.
 */
export async function openElasticsearch(
  config: ElasticsearchConfig,
  log: Logger,
  surroundings?: Surroundings,
): Promise<ElasticsearchOutput> {
  const client = await openClient(config)
  const output = config.name
  const lifecycle = surroundings && openLifecycle(client, config, log, surroundings)
  return new ElasticsearchOutput({
    client,
    config,
    ...(lifecycle && { lifecycle }),
    onHappening: ({ kind, ...details }) => {
      if (kind === 'held') log.warn({ output, ...details }, 'an index takes no events: those for it wait')
      else if (kind === 'freed') log.info({ output, ...details }, 'an index takes events again')
      else log.warn({ output, ...details }, 'dead letters are on disk alone, their index takes no copies')
    },
  })
}

function openLifecycle(client: Client, config: ElasticsearchConfig, log: Logger, { whole, oldest }: Surroundings) {
  return new Lifecycle({
    client,
    config,
    templates: (signal) => templatesApart(whole, config, signal),
    oldest,
    onHappening: tellLifecycle(log, config.name),
  })
}

const tellLifecycle = (log: Logger, output: string) => (happening: LifecycleHappening) => {
  const { kind, ...details } = happening
  switch (kind) {
    case 'templates_written':
      return log.info({ output, ...details }, 'index templates are written')
    case 'templates_failed':
      return log.warn({ output, ...details }, 'index templates are not written yet; events wait for them')
    case 'templates_advice':
      return log.warn({ output }, `index templates: ${happening.text}`)
    case 'elected':
      return log.info({ output }, 'this process removes old indices from now on')
    case 'not_elected':
      return log.info({ output }, 'another process removes old indices from now on')
    case 'index_removed':
      return log.info({ output, ...details }, 'an index was removed by the retention rule')
    case 'indices_held':
      return log.warn({ output, ...details }, 'the retention rule wants indices removed that events may wait for')
    case 'retention_failed':
      return log.warn({ output, ...details }, 'old indices could not be removed, trying again')
  }
}

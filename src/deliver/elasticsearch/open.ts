import type { Logger } from 'pino'
import type { Output } from '../output.ts'
import { openClient } from './client.ts'
import type { ElasticsearchConfig } from './config.ts'

/** Opens the output; the cluster need not be there yet. */
export async function openElasticsearch(config: ElasticsearchConfig, _log: Logger): Promise<Output> {
  const client = await openClient(config)
  return { deliver: async () => Promise.reject(new Error('not yet')), close: () => client.close() }
}

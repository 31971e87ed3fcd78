import type { Client } from '@elastic/elasticsearch'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { openClient } from './client.ts'
import { ask } from './cluster-request.ts'
import type { ElasticsearchConfig } from './config.ts'
import { failureOf, shown } from './failure.ts'

/** How long a node may take to answer before it counts as away. */
const CONNECT_MILLIS = 5000

/** A node that answers; for commands, which should not depend on the ones that are away. */
export interface Connection extends AsyncDisposable {
  client: Client
  node: string
  version: string
}

/** Asks all nodes of the config at once, and takes the first that answers. @throws UserError with each one's reason */
export async function connect(config: ElasticsearchConfig): Promise<Connection> {
  const opened: Client[] = []
  const rest = new AbortController()
  const asked = config.nodes.map(async (node): Promise<Connection> => {
    const client = await openClient({ ...config, nodes: [node], sniff: false })
    opened.push(client)
    const question = { path: '/', millis: CONNECT_MILLIS }
    const { version } = await ask(
      { client, signal: rest.signal },
      question,
      z.object({ version: z.object({ number: z.string() }) }),
    )
    return { client, node, version: shown(version.number), [Symbol.asyncDispose]: () => client.close() }
  })
  const outcomes = Promise.allSettled(asked)
  const first = await Promise.any(asked).catch(() => null)
  if (first !== null) {
    rest.abort()
    for (const client of opened) if (client !== first.client) client.close().catch(() => {})
    return first
  }
  const reasons = (await outcomes).map((outcome, i) => {
    if (outcome.status === 'rejected' && outcome.reason instanceof UserError) throw outcome.reason
    return `  ${config.nodes[i]}: ${outcome.status === 'rejected' ? failureOf(outcome.reason).reason : ''}`
  })
  await Promise.all(opened.map((client) => client.close()))
  throw new UserError(
    [`No node of ${config.name} answers. Tried:`, ...reasons, 'Is the cluster up, and are these its addresses?'].join(
      '\n',
    ),
  )
}

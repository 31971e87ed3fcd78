/** A process that cares for the indices of a cluster: `node lifecycle-child.ts NODE…`. Prints what happens, as JSON lines. */
import { openClient } from '../src/deliver/elasticsearch/client.ts'
import { elasticsearchConfig } from '../src/deliver/elasticsearch/config.ts'
import { Lifecycle } from '../src/deliver/elasticsearch/lifecycle.ts'

const config = elasticsearchConfig.parse({
  elasticsearch: { nodes: process.argv.slice(2), setup: false, retention: { days: 3 } },
})
const client = await openClient(config)
const lifecycle = new Lifecycle({
  client,
  config,
  templates: async () => [],
  oldest: async () => undefined,
  onHappening: (happening) => console.log(JSON.stringify(happening)),
  lease: 3000,
  passMillis: 500,
})
process.once('SIGTERM', async () => {
  await lifecycle.close()
  await client.close()
})

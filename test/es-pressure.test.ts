import { expect, test } from 'vitest'
import { z } from 'zod'
import { runChain } from './es-chain-run.ts'
import { startCluster } from './support/elasticsearch.ts'

/** Less than a request of the shipper takes, as it is configured. */
const LITTLE_ROOM = { 'indexing_pressure.memory.coordinating.limit': '300kb', 'thread_pool.write.queue_size': 1 }

const total = z.object({ coordinating_rejections: z.number() })
const stats = z.object({
  nodes: z.record(z.string(), z.object({ indexing_pressure: z.object({ memory: z.object({ total }) }) })),
})

test('a cluster with little room answers 429: everything sent is there, once', async () => {
  await using cluster = await startCluster({ data: 1, settings: LITTLE_ROOM })
  await runChain(cluster, { name: 'small', seconds: 5, replicas: 0, faults: ({ goesOn }) => goesOn(5000) })
  const { nodes } = stats.parse(await cluster.call('GET', '/_nodes/stats/indexing_pressure'))
  for (const { indexing_pressure } of Object.values(nodes))
    expect(indexing_pressure.memory.total.coordinating_rejections).toBeGreaterThan(0)
}, 900_000)

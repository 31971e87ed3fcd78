import { afterAll, beforeAll, test } from 'vitest'
import { absence, killings, readOnly, rollingRestart } from './es-chain-faults.ts'
import { runChain } from './es-chain-run.ts'
import { type Cluster, startCluster } from './support/elasticsearch.ts'

const MILLIS = 900_000
let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ data: 4, masters: 1 })
}, MILLIS)
afterAll(() => cluster?.stop())

test(
  'two data nodes are killed at once, then a shipper and a Redis: everything sent is there, once',
  async () => {
    await runChain(cluster, { name: 'killed', seconds: 20, faults: (chain) => killings(cluster, chain) })
  },
  MILLIS,
)

test(
  'all nodes are away, indices are read-only, nodes restart in turn: everything sent is there, once',
  async () => {
    await runChain(cluster, {
      name: 'away',
      seconds: 5,
      async faults(chain) {
        await absence(cluster, chain, 3000)
        await readOnly(cluster, chain, 'away-*', 1000)
        await rollingRestart(cluster, chain, 2)
      },
    })
  },
  MILLIS,
)

test(
  'a node with little room, which answers 429 to requests and to events: everything sent is there, once',
  async () => {
    await using small = await startCluster({ data: 1, settings: LITTLE_ROOM })
    await runChain(small, { name: 'small', seconds: 5, replicas: 0, faults: ({ goesOn }) => goesOn(5000) })
  },
  MILLIS,
)

const LITTLE_ROOM = { 'indexing_pressure.memory.coordinating.limit': '300kb', 'thread_pool.write.queue_size': 1 }

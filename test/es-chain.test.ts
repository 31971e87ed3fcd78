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
      seconds: 10,
      async faults(chain) {
        await absence(cluster, chain, 3000)
        await readOnly(cluster, chain, 'away-*', 1000)
        await rollingRestart(cluster, chain, 2)
      },
    })
  },
  MILLIS,
)

import { afterAll, beforeAll, test } from 'vitest'
import { absence, killings, readOnly, rollingRestart } from './es-chain-faults.ts'
import { runChain } from './es-chain-run.ts'
import { type Cluster, startCluster } from './support/elasticsearch.ts'

const HOUR = 3_600_000
let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ data: 4, masters: 1 })
}, HOUR)
afterAll(() => cluster?.stop())

test(
  'minutes of traffic while nodes, shippers and Redis are killed again and again',
  async () => {
    await runChain(cluster, {
      name: 'killed',
      seconds: 300,
      async faults(chain) {
        for (let round = 0; round < 3; round++) {
          await killings(cluster, chain)
          await cluster.green()
        }
      },
    })
  },
  HOUR,
)

test(
  'all nodes are away for a minute, indices are read-only, all nodes restart in turn',
  async () => {
    await runChain(cluster, {
      name: 'away',
      seconds: 120,
      async faults(chain) {
        await absence(cluster, chain, 180_000)
        await readOnly(cluster, chain, 'away-*', 20_000)
        await rollingRestart(cluster, chain, cluster.count)
      },
    })
  },
  HOUR,
)

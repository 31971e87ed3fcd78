import { afterAll, beforeAll, test } from 'vitest'
import { runChain } from './es-chain-run.ts'
import { type Cluster, startCluster } from './support/elasticsearch.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ data: 4, masters: 1 })
}, 300_000)
afterAll(() => cluster?.stop())

test('two data nodes are killed at once, then a shipper and a Redis: everything sent is there, once', async () => {
  await runChain(cluster, {
    name: 'killed',
    seconds: 20,
    async faults({ goesOn, killShipper, restartShipper, redis: [first] }) {
      await goesOn(5000)
      await cluster.kill(0, 1)
      await goesOn(5000)
      await cluster.restart(0, 1)
      await killShipper(0)
      await goesOn(5000)
      await restartShipper(0)
      await first.kill()
      await goesOn(5000)
      await first.start()
    },
  })
}, 600_000)

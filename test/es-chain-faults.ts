import type { Chain } from './es-chain-run.ts'
import type { Cluster } from './support/elasticsearch.ts'

/** Two data nodes at once; while they come back, a shipper; then a Redis. */
export async function killings(cluster: Cluster, { goesOn, killShipper, restartShipper, redis: [first] }: Chain) {
  await goesOn(3000)
  // New indices have their copies.
  await cluster.green()
  await cluster.kill(0, 1)
  await goesOn(3000)
  // Of every shard a copy is left.
  await cluster.yellow(cluster.count - 2)
  await cluster.restart(0, 1)
  await killShipper(0)
  await goesOn(3000)
  await restartShipper(0)
  await first.kill()
  await goesOn(3000)
  await first.start()
}

/** No node answers until so many events wait; then all come back. */
export async function absence(cluster: Cluster, { goesOn, piles }: Chain, events: number) {
  await goesOn(1000)
  await cluster.kill(...nodes(cluster))
  await piles(events)
  await cluster.restart(...nodes(cluster))
  await goesOn(1000)
}

/** The indices take nothing for as long as it takes a shipper to say so, and until so many events wait. */
export async function readOnly(cluster: Cluster, { goesOn, piles, says }: Chain, indices: string, events: number) {
  const block = (isBlocked: boolean) =>
    cluster.call('PUT', `/${indices}/_settings`, { 'index.blocks.read_only': isBlocked ? true : null })
  await goesOn(1000)
  await block(true)
  await says('an index takes no events')
  await piles(events)
  await block(false)
  await goesOn(1000)
}

/** So many nodes, one after the other, each stopped in an orderly way, and green again before the next. */
export async function rollingRestart(cluster: Cluster, { goesOn }: Chain, count: number) {
  for (const node of nodes(cluster).slice(0, count)) {
    await cluster.term(node)
    await goesOn(500)
    await cluster.restart(node)
    await cluster.green()
  }
}

/** All, those without data too. */
function nodes({ count }: Cluster): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

import { z } from 'zod'
import { type Asked, ask } from './cluster-request.ts'
import { type Survival, survival } from './cluster-survival.ts'
import { shown } from './failure.ts'

export interface ClusterNode {
  name: string
  roles: string[]
  isMaster: boolean
  /** Answers to requests; one that does not counts as dead. */
  isUp: boolean
  /** Copies of shards in service. */
  copies: number
  /** Of its file systems, bytes; null: unknown. */
  disk: { total: number; available: number } | null
}

export interface ClusterIndex {
  name: string
  shards: number
  /** Copies of each shard that are wanted, the primary included. */
  copies: number
  /** Copies in service of the shard that has fewest. */
  inService: number
  /** Null: a node that hangs keeps the others from telling. */
  events: number | null
  /** Of all copies. */
  bytes: number | null
}

/** What one node knows of the cluster. */
export interface ClusterView {
  cluster: string
  /** Null: none is elected, and what follows is what the node knew last. */
  master: string | null
  nodes: ClusterNode[]
  indices: ClusterIndex[]
  survival: Survival
}

const Copy = z.object({ state: z.string(), node: z.string().nullish() })
const State = z.object({
  cluster_name: z.string(),
  master_node: z.string().nullish(),
  nodes: z.record(z.string(), z.object({ name: z.string(), roles: z.array(z.string()).default([]) })),
  metadata: z
    .object({
      cluster_coordination: z.object({ last_committed_config: z.array(z.string()).default([]) }).optional(),
    })
    .optional(),
  routing_table: z
    .object({ indices: z.record(z.string(), z.object({ shards: z.record(z.string(), z.array(Copy)) })).default({}) })
    .default({ indices: {} }),
})
type State = z.infer<typeof State>

const Up = z.object({ nodes: z.record(z.string(), z.unknown()).default({}) })
const Bytes = z.number().default(0)
const Disks = z.object({
  nodes: z
    .record(
      z.string(),
      z.object({
        fs: z.object({ total: z.object({ total_in_bytes: Bytes, available_in_bytes: Bytes }).optional() }).optional(),
      }),
    )
    .default({}),
})
const NO_DISKS: z.infer<typeof Disks> = { nodes: {} }
const Sizes = z.object({
  indices: z
    .record(
      z.string(),
      z.object({
        primaries: z.object({ docs: z.object({ count: Bytes }).optional() }).optional(),
        total: z.object({ store: z.object({ size_in_bytes: Bytes }).optional() }).optional(),
      }),
    )
    .default({}),
})

const STATE = [
  ...['cluster_name', 'master_node', 'nodes.*.name', 'nodes.*.roles'],
  'metadata.cluster_coordination.last_committed_config',
  ...['routing_table.indices.*.shards.*.state', 'routing_table.indices.*.shards.*.node'],
].join()
const SIZES = 'indices.*.primaries.docs.count,indices.*.total.store.size_in_bytes'
/** In service: a copy that moves away serves until it is gone. */
const SERVING = new Set(['STARTED', 'RELOCATING'])
/** How long a node waits for the others. */
const PATIENCE = 'timeout=5s'

/**
 * Asks the node at the other end only for what it knows itself, so that a cluster without a master can be looked at.
 * @throws the client's errors
 */
export async function viewCluster(cluster: Asked): Promise<ClusterView> {
  const state = await ask(
    cluster,
    { path: `/_cluster/state/master_node,nodes,routing_table,metadata?local=true&filter_path=${STATE}` },
    State,
  )
  const [up, disks, sizes] = await Promise.all([
    ask(cluster, { path: `/_nodes/http?${PATIENCE}&filter_path=nodes.*.name` }, Up),
    // Without a master, or when it is just lost, no node tells it.
    state.master_node == null
      ? NO_DISKS
      : ask(cluster, { path: `/_nodes/stats/fs?${PATIENCE}&filter_path=nodes.*.fs.total` }, Disks).catch(
          () => NO_DISKS,
        ),
    // This one waits for nodes that hang, until the cluster has noticed.
    ask(
      cluster,
      {
        path: `/_stats/store,docs?expand_wildcards=all&forbid_closed_indices=false&filter_path=${SIZES}`,
        millis: 8000,
      },
      Sizes,
    ).catch(() => null),
  ])
  return view(state, { up: new Set(Object.keys(up.nodes)), disks: disks.nodes, sizes: sizes?.indices ?? null })
}

interface Figures {
  /** Ids of the nodes that answer. */
  up: ReadonlySet<string>
  disks: z.infer<typeof Disks>['nodes']
  sizes: z.infer<typeof Sizes>['indices'] | null
}

function view(state: State, { up, disks, sizes }: Figures): ClusterView {
  const master = state.master_node ?? null
  const counts = new Map<string, number>()
  const indices: ClusterIndex[] = []
  const shards: { index: string; nodes: string[] }[] = []
  for (const [name, index] of Object.entries(state.routing_table.indices)) {
    const served = Object.values(index.shards).map((copies) => {
      const nodes = copies.flatMap(({ state, node }) => (SERVING.has(state) && node && up.has(node) ? [node] : []))
      for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1)
      shards.push({ index: name, nodes })
      return { wanted: copies.length, nodes }
    })
    const size = sizes?.[name]
    indices.push({
      name,
      shards: served.length,
      copies: Math.max(0, ...served.map(({ wanted }) => wanted)),
      inService: Math.min(...served.map(({ nodes }) => nodes.length)),
      events: sizes === null ? null : (size?.primaries?.docs?.count ?? 0),
      bytes: sizes === null ? null : (size?.total?.store?.size_in_bytes ?? 0),
    })
  }
  const names = new Map(Object.entries(state.nodes).map(([id, { name }]) => [id, shown(name)]))
  const nodes = Object.entries(state.nodes).map(([id, { roles }]): ClusterNode => {
    const disk = disks[id]?.fs?.total
    return {
      name: names.get(id) ?? id,
      roles,
      isMaster: id === master,
      isUp: up.has(id),
      copies: counts.get(id) ?? 0,
      disk: disk === undefined ? null : { total: disk.total_in_bytes, available: disk.available_in_bytes },
    }
  })
  const voters = state.metadata?.cluster_coordination?.last_committed_config ?? []
  const found = survival(shards, voters, up)
  const named = (losses: Survival['one']) =>
    losses.map((loss) => ({ ...loss, nodes: loss.nodes.map((id) => names.get(id) ?? id).sort() }))
  return {
    cluster: shown(state.cluster_name),
    master: master === null ? null : (names.get(master) ?? master),
    nodes: nodes.sort(byName),
    indices: indices.sort(byName),
    survival: { ...found, one: named(found.one), two: named(found.two) },
  }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1
}

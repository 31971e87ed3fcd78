/** Where the copies of one shard are in service. */
export interface ShardCopies {
  index: string
  /** Ids of nodes that are up. Empty: no copy can be reached now. */
  nodes: string[]
}

/** Nodes that together hold the last copies of something. */
export interface Loss {
  nodes: string[]
  indices: string[]
}

/** Whether masters can be elected, and so anything be written or changed. */
export interface Quorum {
  /** Votes that count, those of nodes that are away included. */
  voters: number
  up: number
  needed: number
  /** So many voters may die at once. Negative: there is no majority now. */
  spare: number
}

export interface Survival {
  /** Indices with a shard that no node serves now. */
  missing: string[]
  /** The nodes that hold the only copy of something. */
  one: Loss[]
  /** Pairs that hold the only two copies of something; those that `one` names already are left out. */
  two: Loss[]
  quorum: Quorum
}

/** What the death of any one or two nodes at once would cost; before the cluster has had time to copy anything. */
export function survival(shards: readonly ShardCopies[], voters: readonly string[], up: ReadonlySet<string>): Survival {
  const missing = new Set<string>()
  const losses = new Map<string, { nodes: string[]; indices: Set<string> }>()
  for (const { index, nodes } of shards) {
    const holders = [...new Set(nodes)].filter((node) => up.has(node)).sort()
    if (holders.length === 0) missing.add(index)
    if (holders.length === 0 || holders.length > 2) continue
    const key = JSON.stringify(holders)
    const loss = losses.get(key) ?? { nodes: holders, indices: new Set() }
    losses.set(key, loss)
    loss.indices.add(index)
  }
  const of = (deaths: number) =>
    [...losses.values()]
      .filter(({ nodes }) => nodes.length === deaths)
      .map(({ nodes, indices }) => ({ nodes, indices: [...indices].sort() }))
  const alive = voters.filter((node) => up.has(node)).length
  const needed = Math.floor(voters.length / 2) + 1
  const quorum = { voters: voters.length, up: alive, needed, spare: alive - needed }
  return { missing: [...missing].sort(), one: of(1), two: of(2), quorum }
}

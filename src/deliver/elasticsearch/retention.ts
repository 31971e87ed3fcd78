import { z } from 'zod'
import { type Asked, ask, MASTER } from './cluster-request.ts'
import {
  type KeptIndex,
  periodOf,
  planRetention,
  type Removal,
  type RetentionPlan,
  type RetentionRules,
} from './retention-plan.ts'
import { indexMark, patternOf } from './template.ts'

const Meta = z.object({ managed_by: z.unknown().optional(), index: z.unknown().optional() })
const Marks = z.record(z.string(), z.object({ mappings: z.object({ _meta: Meta }) }))
const Count = z.number().default(0)
const Sizes = z.object({
  indices: z
    .record(
      z.string(),
      z.object({
        primaries: z.object({ docs: z.object({ count: Count }).optional() }).optional(),
        total: z.object({ store: z.object({ size_in_bytes: Count }).optional() }).optional(),
      }),
    )
    .default({}),
})

export interface OwnIndices {
  own: KeptIndex[]
  /** Names that look like ours, without our mark: never touched. */
  unmarked: string[]
}

/** The indices of `index` (with its %Y, %m, %d): those whose name is exactly a date of it, and whose mapping is marked. */
export async function ownIndices(cluster: Asked, index: string): Promise<OwnIndices> {
  const names = encodeURIComponent(patternOf(index))
  const which = 'expand_wildcards=all&ignore_unavailable=true&allow_no_indices=true'
  const marks = await ask(cluster, { path: `/${names}/_mapping?${which}&filter_path=*.mappings._meta` }, Marks)
  const parts = 'indices.*.uuid,indices.*.primaries.docs.count,indices.*.total.store.size_in_bytes'
  const sizes = await ask(
    cluster,
    { path: `/${names}/_stats/store,docs?${which}&forbid_closed_indices=false&filter_path=${parts}` },
    Sizes,
  )
  const found: OwnIndices = { own: [], unmarked: [] }
  const mark = indexMark(index)
  for (const name of new Set([...Object.keys(sizes.indices), ...Object.keys(marks)])) {
    const period = periodOf(index, name)
    if (period === null) continue
    const meta = marks[name]?.mappings._meta
    if (meta?.managed_by !== mark.managed_by || meta.index !== mark.index) {
      found.unmarked.push(name)
      continue
    }
    const size = sizes.indices[name]
    const bytes = size?.total?.store?.size_in_bytes ?? 0
    found.own.push({ name, ...period, bytes, events: size?.primaries?.docs?.count ?? 0 })
  }
  return found
}

export interface RetentionOptions {
  cluster: Asked
  /** Of the config, with its %Y, %m, %d. */
  index: string
  rules: RetentionRules
  now: number
  /** Reception of the oldest event that waits, ms since the epoch. */
  oldest?: number | undefined
}

/** What a pass would remove now; nothing is removed. */
export async function retentionPlan(options: RetentionOptions): Promise<RetentionPlan & { unmarked: string[] }> {
  const { own, unmarked } = await ownIndices(options.cluster, options.index)
  return { ...planRetention(own, options.rules, options), unmarked }
}

/** Removes what the plan names, one index after the other while `mayGoOn`; yields each that is gone. */
export async function* remove(
  cluster: Asked,
  { gone }: RetentionPlan,
  mayGoOn: () => boolean,
): AsyncGenerator<Removal> {
  for (const removal of gone) {
    if (!mayGoOn()) return
    const path = `/${encodeURIComponent(removal.index.name)}?${MASTER}`
    const Answer = z.object({ acknowledged: z.boolean().optional() })
    const { acknowledged } = await ask(cluster, { method: 'DELETE', path, expected: [404] }, Answer)
    if (acknowledged !== undefined) yield removal
  }
}

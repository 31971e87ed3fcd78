import { z } from 'zod'
import { counters, flow } from './flows.ts'

const offBatch = z.object({ dropped: z.number(), archivedOnly: z.number() })

/** Lines for the archive. */
export const archiveTotals = z.object({
  lines: z.number(),
  /** Those that could not be written, by reason. */
  failed: counters,
  /** Of `lines`, those in `_overflow.log`. */
  overflowed: z.number(),
  /** On their way to their files when a crash came: they may be written or not. */
  uncertain: z.number().default(0),
})

const totals = z.object({
  version: z.literal(1),
  /** The streams' counters, by input. */
  inputs: z.record(z.string(), counters),
  /** By output; '' when there is none. */
  flows: z.record(z.string(), flow),
  /** Lines that no batch carried, by host and by route. */
  hosts: z.record(z.string(), offBatch),
  routes: z.record(z.string(), offBatch),
  /** The kernel's drop counters as last seen, by the socket's inode: an inherited socket outlives the process. */
  sockets: z.record(z.string(), z.object({ bootId: z.string(), drops: z.number() })),
  archive: archiveTotals,
  /** Counter files whose sums are in here, and which may not be removed yet. */
  folded: z.array(z.string()),
})

/** The sums of all streams that are over: `totals.json`. */
export type Totals = z.infer<typeof totals>

export function emptyTotals(): Totals {
  const archive = { lines: 0, failed: {}, overflowed: 0, uncertain: 0 }
  return { version: 1, inputs: {}, flows: {}, hosts: {}, routes: {}, sockets: {}, archive, folded: [] }
}

/** Throws when the text is not of this form. */
export function parseTotals(text: string): Totals {
  return totals.parse(JSON.parse(text))
}

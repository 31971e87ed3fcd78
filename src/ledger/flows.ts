import { z } from 'zod'

/** The counters of streams, by name (see LaneCounters), summed up. */
export type Counters = Record<string, number>

/** How an output's share of what was received adds up. All are events. */
export interface Flow {
  received: number
  /** Dead letters that went back into the buffer: that many are none any more. */
  replayed: number
  /** From senders that are not allowed. */
  refused: number
  /** Lines that became part of the event of a line before: tracebacks and the like. */
  joined: number
  /** By rules with `drop: true`. */
  dropped: number
  /** Kept from this output by a route: archived only, or for other outputs. */
  skipped: number
  /** Lost before they reached the buffer, by reason. */
  lost: Record<string, number>
}

/** The reason in `lost` of dead letters that people threw away: they are dead letters no more. */
export const DISCARDED = 'discarded'

export const counters = z.record(z.string(), z.number())
export const flow = z.object({
  received: z.number(),
  // These two are absent in what was kept by earlier versions.
  replayed: z.number().default(0),
  refused: z.number(),
  joined: z.number().default(0),
  dropped: z.number(),
  skipped: z.number(),
  lost: counters,
})

export const noFlow = (): Flow => ({
  received: 0,
  replayed: 0,
  refused: 0,
  joined: 0,
  dropped: 0,
  skipped: 0,
  lost: {},
})

/** The flow of one stream to one output (null: the archive alone); null when the stream knows no such output. */
export function flowOf(values: Counters, output: string | null): Flow | null {
  const skipped = output === null ? values.archived_only : values[`skipped:${output}`]
  if (skipped === undefined) return null
  const dropped = Object.keys(values).reduce((sum, name) => (name.startsWith('dropped:') ? sum + values[name] : sum), 0)
  const shed = output === null ? 0 : (values[`shed:${output}`] ?? 0)
  const lost: Counters = {}
  if (shed > 0) lost.overload = shed
  const replayed = output === null ? 0 : (values[`replayed:${output}`] ?? 0)
  const { received, refused, joined = 0 } = values
  return { received, replayed, refused, joined, dropped, skipped, lost }
}

/** Events that the stream must have handed to the buffer, by its own account. */
export function handedOn(flow: Flow): number {
  return flow.received + flow.replayed - flow.refused - flow.joined - flow.dropped - flow.skipped - sum(flow.lost)
}

export function addFlow(to: Flow, flow: Flow): void {
  to.received += flow.received
  to.replayed += flow.replayed
  to.refused += flow.refused
  to.joined += flow.joined
  to.dropped += flow.dropped
  to.skipped += flow.skipped
  add(to.lost, flow.lost)
}

/** Adds each of `counters` to those of `to`. */
export function add(to: Counters, counters: Counters): void {
  for (const [name, n] of Object.entries(counters)) if (n !== 0 || !(name in to)) to[name] = (to[name] ?? 0) + n
}

export function sum(counters: Counters): number {
  return Object.values(counters).reduce((total, n) => total + n, 0)
}

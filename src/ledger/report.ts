import { z } from 'zod'
import type { Depth, Tally } from '../buffer/buffer.ts'
import { type Counters, counters, DISCARDED, type Flow, handedOn, sum } from './flows.ts'
import { MOVED } from './mark-set.ts'
import type { OutputTotals } from './marks.ts'
import { archiveTotals, type Totals } from './totals.ts'

const offRow = {
  buffered: z.number(),
  settled: z.number(),
  lost: z.number(),
  dropped: z.number(),
  archivedOnly: z.number(),
}

const outputReport = z.object({
  output: z.string(),
  received: z.number(),
  refused: z.number(),
  joined: z.number().default(0),
  dropped: z.number(),
  archivedOnly: z.number(),
  buffered: z.number(),
  /** Put into a buffer on another machine, where its shippers account for them; or moved there by `sluice buffer`. */
  handedOn: z.number().default(0),
  delivered: z.number(),
  duplicates: z.number(),
  dead: z.number(),
  lost: counters,
  /** Being parsed or written to the buffer at this moment: received, and not yet in any of the sums above. */
  inHand: z.number(),
  closes: z.boolean(),
  bufferedBytes: z.number(),
  /** Reception of the oldest event that waits. */
  oldest: z.string().nullable(),
})

/** What this process took from a buffer on another machine: events = delivered + duplicates + dead + lost. */
const takenReport = z.object({
  output: z.string(),
  events: z.number(),
  delivered: z.number(),
  duplicates: z.number(),
  dead: z.number(),
  lost: counters,
})

/** `skew`: how far the host's clock is behind ours, ms, by its newest line; null when unknown. */
const hostReport = z.object({ host: z.string(), ...offRow, skew: z.number().nullable() })
const routeReport = z.object({ route: z.string(), ...offRow })

/** The ledger at one moment. All are events since the data directory was made, unless they say otherwise. */
export const ledgerReport = z.object({
  time: z.string(),
  /** By input: received, bytes, refused, kernel_drops, flag:NAME, dropped:RULE, … */
  inputs: z.record(z.string(), counters),
  /** One for each output; without outputs, one whose name is ''. */
  outputs: z.array(outputReport),
  taken: z.array(takenReport).default([]),
  hosts: z.array(hostReport),
  routes: z.array(routeReport),
  archive: archiveTotals,
  /** The Redis that batches wait in; `trouble` null: it is well. */
  redis: z.array(z.object({ name: z.string(), trouble: z.string().nullable(), since: z.string() })).default([]),
  /** Mirror: batches of this start of which there was one copy only. */
  singleCopies: z.number().default(0),
  /** Why nothing goes out to an output, or not all, in words. */
  troubles: z.array(z.string()).default([]),
  /** True when every output's sum closes. */
  closes: z.boolean(),
})

export type LedgerReport = z.infer<typeof ledgerReport>
export type OutputReport = z.infer<typeof outputReport>
export type HostReport = z.infer<typeof hostReport>
export type RouteReport = z.infer<typeof routeReport>

/**
 * received = refused + joined + dropped + archivedOnly + lost + buffered + handedOn + delivered + duplicates + dead +
 * inHand. What is in hand is what the other terms leave over, and it can't be less than nothing or more than the lanes
 * can hold.
 */
export function makeReport(parts: {
  inputs: Record<string, Counters>
  flows: ReadonlyMap<string | null, Flow>
  depths: ReadonlyMap<string, Depth>
  marks: readonly OutputTotals[]
  /** Not null: `marks` says what was handed on, and this what was taken from there. */
  taken: readonly OutputTotals[] | null
  buffered: Iterable<{ tally: Tally }>
  hosts: Totals['hosts']
  routes: Totals['routes']
  archive: Totals['archive']
  skews: ReadonlyMap<string, number>
}): LedgerReport {
  const outputs = [...parts.flows].map(([name, flow]) => {
    const marks = parts.marks.find(({ output }) => output === name)
    return outputRow(name ?? '', flow, parts.depths.get(name ?? ''), marks, parts.taken !== null)
  })
  const hosts = new Map<string, HostReport>()
  const routes = new Map<string, RouteReport>()
  const host = (name: string) => row(hosts, name, () => ({ host: name, ...nothing(), skew: null }))
  const route = (name: string) => row(routes, name, () => ({ route: name, ...nothing() }))
  for (const { hosts: marked } of parts.marks) {
    for (const { route: r, host: h, settled, lost } of marked) {
      for (const counts of [host(h), route(r)]) {
        counts.settled += settled
        counts.lost += lost
      }
    }
  }
  for (const { tally } of parts.buffered) {
    for (const [r, h, events] of tally) for (const counts of [host(h), route(r)]) counts.buffered += events
  }
  for (const [rows, of] of [
    [parts.hosts, host],
    [parts.routes, route],
  ] as const) {
    for (const [name, { dropped, archivedOnly }] of Object.entries(rows)) {
      const counts = of(name)
      counts.dropped += dropped
      counts.archivedOnly += archivedOnly
    }
  }
  for (const [name, skew] of parts.skews) host(name).skew = skew
  return {
    time: new Date().toISOString(),
    inputs: parts.inputs,
    outputs,
    taken: (parts.taken ?? []).map((taken) => takenRow(taken, parts.flows.get(taken.output)?.replayed ?? 0)),
    hosts: [...hosts.values()],
    routes: [...routes.values()],
    archive: parts.archive,
    redis: [],
    singleCopies: 0,
    troubles: [],
    closes: outputs.every(({ closes }) => closes),
  }
}

const nothing = () => ({ buffered: 0, settled: 0, lost: 0, dropped: 0, archivedOnly: 0 })

function row<T>(rows: Map<string, T>, name: string, make: () => T): T {
  const found = rows.get(name) ?? make()
  rows.set(name, found)
  return found
}

function takenRow(totals: OutputTotals, replayed: number): LedgerReport['taken'][number] {
  const { output, done, duplicate, lost } = totals
  const dead = deadLetters(totals, replayed)
  const events = done + duplicate + dead + sum(lost)
  return { output, events, delivered: done, duplicates: duplicate, dead, lost }
}

/** Those that are still there: neither back in the buffer nor discarded. */
function deadLetters(marks: OutputTotals | undefined, replayed: number): number {
  return (marks?.dead ?? 0) - replayed - (marks?.lost[DISCARDED] ?? 0)
}

function outputRow(name: string, flow: Flow, depth?: Depth, marks?: OutputTotals, handsOn = false): OutputReport {
  const lost = { ...flow.lost }
  for (const [reason, n] of Object.entries(marks?.lost ?? {})) lost[reason] = (lost[reason] ?? 0) + n
  const delivered = handsOn ? 0 : (marks?.done ?? 0)
  const { [MOVED]: moved = 0, ...losses } = lost
  // A dead letter that is tried again is none; one that was taken from a buffer elsewhere is in `taken`.
  const replayed = handsOn ? 0 : flow.replayed
  const relayed = (handsOn ? (marks?.done ?? 0) - flow.replayed : 0) + moved
  const duplicates = marks?.duplicate ?? 0
  const dead = deadLetters(marks, replayed)
  const buffered = depth?.events ?? 0
  const entered = handedOn(flow) - flow.replayed
  const inHand = entered - buffered - relayed - delivered - duplicates - dead - sum(marks?.lost ?? {}) + moved
  return {
    output: name,
    received: flow.received,
    refused: flow.refused,
    joined: flow.joined,
    dropped: flow.dropped,
    archivedOnly: flow.skipped,
    buffered,
    handedOn: relayed,
    delivered,
    duplicates,
    dead,
    lost: losses,
    inHand,
    closes: inHand >= 0 && inHand <= IN_HAND_AT_MOST,
    bufferedBytes: depth?.bytes ?? 0,
    oldest: depth?.oldest === undefined ? null : new Date(depth.oldest).toISOString(),
  }
}

/** Credits of 64 lanes with full batches, and a receive call each. */
const IN_HAND_AT_MOST = 64 * (8 * 1000 + 512)

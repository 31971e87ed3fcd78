import type { ArchivePart } from '../archive/archive.ts'
import type { PatternCounts } from '../dataset/pattern-counters.ts'
import type { BatchesOutlet } from './batches.ts'
import type { SeenReport } from './seen.ts'

/** A pattern took too long over a line of the program, and is not tried on others of it until then. */
export interface SetAside {
  pattern: string
  program: string
  cpuMillis: number
  /** ms since the epoch */
  until: number
}

/** Where a lane hands on what it finished: a port on a thread of its own, the engine on the main thread. */
export interface LaneOutlet extends BatchesOutlet {
  archive(parts: ArchivePart[]): void
  seen(reports: SeenReport[]): void
  /** What patterns did since the report before. */
  patterns?(counts: PatternCounts[]): void
  setAside?(about: SetAside): void
  /** Keeps the counters where they survive a kill. Called before the lines they count are looked at. */
  counters(values: Float64Array): void
  captureStopped(reason: string): void
}

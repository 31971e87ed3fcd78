import type { MessagePort } from 'node:worker_threads'
import type { ArchivePart } from '../archive/archive.ts'
import type { Batch } from '../buffer/buffer.ts'
import { StreamFile } from '../ledger/stream-file.ts'
import type { LaneCore } from '../receive/udp/lane-core.ts'
import { Lane } from './lane.ts'
import type { LaneOptions } from './options.ts'
import type { SeenReport } from './seen.ts'

export interface LaneCoreOptions {
  lane: LaneOptions
  /** Directory of the streams' counter files, and what else stands in this one's head. */
  streams: string
  meta: { lane: number; started: number; socket?: { inode: number; bootId: string; dropsBefore: number } }
}

/** From a lane's thread to the main thread. */
export type FromLane =
  | { kind: 'batch'; batch: Batch }
  | { kind: 'archive'; parts: ArchivePart[] }
  | { kind: 'seen'; reports: SeenReport[] }

/** From the main thread to a lane's thread. */
export type ToLane = { kind: 'credit'; buffer: ArrayBuffer | null } | { kind: 'shed'; hosts: string[] | null }

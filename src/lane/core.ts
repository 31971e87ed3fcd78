import type { MessagePort } from 'node:worker_threads'
import type { ArchivePart } from '../archive/archive.ts'
import type { Batch } from '../buffer/buffer.ts'
import type { PatternCounts } from '../dataset/pattern-counters.ts'
import { StreamFile, type StreamMeta } from '../ledger/stream-file.ts'
import type { LaneCore } from '../receive/udp/lane-core.ts'
import { Lane } from './lane.ts'
import type { LaneOptions } from './options.ts'
import type { SetAside } from './outlet.ts'
import type { SeenReport } from './seen.ts'

export interface LaneCoreOptions {
  lane: LaneOptions
  /** Directory of the streams' counter files, and what stands in this one's head. */
  streams: string
  meta: StreamMeta
}

/** From a lane's thread to the main thread. Bodies of batches are shared, all else is copied (see BufferPool). */
export type FromLane =
  | { kind: 'batch'; batch: Batch }
  | { kind: 'archive'; parts: ArchivePart[] }
  | { kind: 'seen'; reports: SeenReport[] }
  | { kind: 'patterns'; counts: PatternCounts[] }
  | { kind: 'aside'; about: SetAside }
  | { kind: 'capture'; stopped: string }

/** From the main thread to a lane's thread: a batch's memory comes back; hosts whose events are to be discarded. */
export type ToLane = { kind: 'credit'; body: Uint8Array } | { kind: 'shed'; hosts: string[] | null }

/** A lane on a thread of its own. */
export function createLaneCore(options: LaneCoreOptions, port: MessagePort): LaneCore {
  const post = (message: FromLane) => port.postMessage(message)
  const lane = new Lane(options.lane, {
    batch: (batch) => post({ kind: 'batch', batch }),
    archive: (parts) => post({ kind: 'archive', parts }),
    // Nothing that arrives by UDP can be read again.
    positions: () => {},
    seen: (reports) => post({ kind: 'seen', reports }),
    patterns: (counts) => post({ kind: 'patterns', counts }),
    setAside: (about) => post({ kind: 'aside', about }),
    captureStopped: (stopped) => post({ kind: 'capture', stopped }),
    counters: (values) => {
      for (let i = 0; i < values.length; i++) file.set(i, values[i])
      file.write()
    },
  })
  const file = StreamFile.create(options.streams, options.meta, lane.counters.names)
  const dropsBefore = options.meta.socket?.dropsBefore ?? 0
  return {
    received: (datagrams, bytes, refused) => lane.received(datagrams, bytes, refused),
    push: (bytes, start, end, sender, receivedAt, truncated) =>
      lane.push(bytes, start, end, sender, receivedAt, truncated),
    tick: (now) => lane.tick(now),
    message(message) {
      const command = message as ToLane
      if (command.kind === 'credit') lane.giveBack(command.body)
      else lane.shed(command.hosts === null ? null : new Set(command.hosts))
    },
    get full() {
      return lane.full
    },
    flush() {
      lane.flush()
      file.close()
    },
    kernelDrops: (total) => lane.kernelDrops(Math.max(0, total - dropsBefore)),
  }
}

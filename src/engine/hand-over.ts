import type { DiskBuffer } from '../buffer/disk/disk.ts'
import type { Appended, RedisBuffer } from '../buffer/redis/redis.ts'
import type { Marks } from '../ledger/marks.ts'
import { StreamFile } from '../ledger/stream-file.ts'

export interface HandOver {
  members: readonly RedisBuffer[]
  /** What was handed on. */
  marks: Marks
  disk: DiskBuffer
  /** Directory of the streams' counters. */
  streams: string
  outputs: readonly { name: string }[]
}

/**
 * A process that was killed may have put batches into a Redis without having noted it: those are handed on, not lost,
 * and files are read on behind them. Asked before the accounts of its streams are closed. A Redis that is away now
 * can't be asked: what was under way to it counts as lost(crash) then, though it may arrive.
 */
export async function handOver({ members, marks, disk, streams, outputs }: HandOver): Promise<void> {
  const records = await StreamFile.readAll(streams).catch(() => [])
  for (const { meta, closed } of records) {
    if (closed) continue
    const { stream } = meta
    for (const { name: output } of outputs) {
      const found = new Map<number, Appended>()
      for (const member of members) {
        if (!member.link.well) continue
        const newest = await member.newest(output, stream).catch(() => new Map<number, Appended>())
        for (const [number, one] of newest) found.set(number, one)
      }
      for (const [number, { events: count }] of found) {
        // Which hosts they were of is known where they are settled.
        const mark = { output, stream, number, part: 0, count, done: count, duplicate: 0, dead: 0 }
        if (!marks.has(output, stream, number, 0)) await marks.record({ ...mark, lost: {}, retry: 0, tally: [] })
      }
      // Not behind a batch that is missing: its lines are to be read again.
      const gaps = disk.gaps().filter((gap) => gap.output === output && gap.stream === stream)
      const last = Math.min(disk.lastNumber(output, stream), ...gaps.map(({ from }) => from - 1))
      const positions = found.get(last)?.positions
      if (positions) await disk.savePositions(positions)
    }
  }
}

import type { RedisBuffer } from '../buffer/redis/redis.ts'
import type { Marks } from '../ledger/marks.ts'
import { StreamFile } from '../ledger/stream-file.ts'

/**
 * A process that was killed may have put batches into a Redis without having noted it: those are handed on, not lost.
 * Asked before the accounts of its streams are closed. A Redis that is away now can't be asked: what was under way to it
 * counts as lost(crash) then, though it may arrive.
 */
export async function handOver(
  members: readonly RedisBuffer[],
  marks: Marks,
  streams: string,
  outputs: readonly { name: string }[],
): Promise<void> {
  const records = await StreamFile.readAll(streams).catch(() => [])
  for (const { meta, closed } of records) {
    if (closed) continue
    for (const { name: output } of outputs) {
      for (const member of members) {
        if (!member.link.well) continue
        const newest = await member.newest(output, meta.stream).catch(() => new Map<number, number>())
        for (const [number, count] of newest) {
          // Which hosts they were of is known where they are settled.
          const mark = { output, stream: meta.stream, number, part: 0, count, done: count, duplicate: 0, dead: 0 }
          if (!marks.has(output, meta.stream, number, 0)) await marks.record({ ...mark, lost: {}, retry: 0, tally: [] })
        }
      }
    }
  }
}

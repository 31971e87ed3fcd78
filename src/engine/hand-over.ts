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
      const gaps = disk.gaps().filter((gap) => gap.output === output && gap.stream === stream)
      const last = disk.lastNumber(output, stream)
      const isThere = (number: number) => number <= last && !gaps.some(({ from, to }) => from <= number && number <= to)
      const positions = positionsAfter(found, disk.positions(), isThere)
      if (positions) await disk.savePositions(positions)
    }
  }
}

/**
 * Where reading goes on, if that is further than what is saved: behind the batches that follow the saved position, up to
 * the first that is missing, since its lines are to be read again. Undefined also when it can't be told from these
 * batches which one was saved last; then lines may be read twice, under the same ids.
 */
export function positionsAfter(
  found: ReadonlyMap<number, Appended>,
  saved: ReadonlyMap<string, unknown>,
  isThere: (number: number) => boolean,
): Record<string, unknown> | undefined {
  const carrying = [...found].flatMap(([number, { positions }]) => (positions ? [{ number, positions }] : []))
  const isSaved = ([key, value]: [string, unknown]) => JSON.stringify(saved.get(key)) === JSON.stringify(value)
  const done = carrying.filter(({ positions }) => Object.entries(positions).every(isSaved)).map(({ number }) => number)
  const isNew = carrying.every(({ positions }) => Object.keys(positions).every((key) => !saved.has(key)))
  if (done.length === 0 && !isNew) return undefined
  const from = Math.max(0, ...done)
  let to = from
  while (isThere(to + 1)) to++
  return to > from ? found.get(to)?.positions : undefined
}

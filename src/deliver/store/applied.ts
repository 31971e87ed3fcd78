import type { DuckDBConnection } from '@duckdb/node-api'
import { rows, stamp } from './database.ts'

export interface BatchKey {
  output: string
  stream: string
  part: number
}

/** Sorted, disjoint, not adjacent. */
type Ranges = [first: number, last: number][]

/** Streams not written to for so long are forgotten; no buffer keeps a batch for a month. */
const FORGET_MS = 30 * 86_400_000

/**
 * The numbers of the batches whose events are stored. Kept as ranges: a stream delivered in order is one row, whatever
 * its length. `add` writes inside the caller's transaction; after a failed one, `load` again.
 */
export class Applied {
  readonly #streams: Map<string, Ranges>

  private constructor(streams: Map<string, Ranges>) {
    this.#streams = streams
  }

  static async load(connection: DuckDBConnection): Promise<Applied> {
    const streams = new Map<string, Ranges>()
    for (const row of await rows(connection, 'SELECT * FROM applied ORDER BY first')) {
      const key = keyOf({ output: String(row.output), stream: String(row.stream), part: Number(row.part) })
      const ranges = streams.get(key) ?? []
      ranges.push([Number(row.first), Number(row.last)])
      streams.set(key, ranges)
    }
    return new Applied(streams)
  }

  has(key: BatchKey, number: number): boolean {
    return this.#streams.get(keyOf(key))?.some(([first, last]) => first <= number && number <= last) ?? false
  }

  async add(connection: DuckDBConnection, key: BatchKey, numbers: number[]): Promise<void> {
    const ranges = this.#streams.get(keyOf(key)) ?? []
    this.#streams.set(keyOf(key), ranges)
    const grown = new Set<[number, number]>()
    for (const number of numbers) grown.add(include(ranges, number))
    for (const range of ranges.filter((one) => grown.has(one))) {
      const of = [key.output, key.stream, key.part, BigInt(range[0]), BigInt(range[1])]
      await connection.run(
        'DELETE FROM applied WHERE output = $1 AND stream = $2 AND part = $3 AND first BETWEEN $4 AND $5',
        of,
      )
      await connection.run('INSERT INTO applied VALUES ($1, $2, $3, $4, $5, $6)', [...of, stamp(Date.now())])
    }
  }

  /** Forgets streams that are long silent; `load` again afterwards. */
  static async forget(connection: DuckDBConnection): Promise<void> {
    const before = [stamp(Date.now() - FORGET_MS)]
    await connection.run(
      `DELETE FROM applied WHERE (output, stream) IN
        (SELECT (output, stream) FROM applied GROUP BY output, stream HAVING max(touched) < $1)`,
      before,
    )
    await connection.run('DELETE FROM refused WHERE touched < $1', before)
  }
}

/** Adds the number, joining neighbours; returns the range that holds it now. Numbers mostly come in order: from the end. */
export function include(ranges: Ranges, number: number): [number, number] {
  let at = ranges.length
  for (let range = ranges[at - 1]; range !== undefined && range[0] > number; range = ranges[at - 1]) at--
  const left = ranges[at - 1]
  const right = ranges[at]
  if (left !== undefined && number <= left[1] + 1) {
    left[1] = Math.max(left[1], number)
    if (right !== undefined && right[0] === left[1] + 1) {
      left[1] = right[1]
      ranges.splice(at, 1)
    }
    return left
  }
  if (right !== undefined && right[0] === number + 1) {
    right[0] = number
    return right
  }
  const alone: [number, number] = [number, number]
  ranges.splice(at, 0, alone)
  return alone
}

/** The numbers of each stream, for `add`. */
export function byStream(batches: (BatchKey & { number: number })[]): Map<BatchKey, number[]> {
  const streams = new Map<string, [BatchKey, number[]]>()
  for (const { output, stream, part, number } of batches) {
    const key = { output, stream, part }
    const known = streams.get(keyOf(key)) ?? [key, []]
    known[1].push(number)
    streams.set(keyOf(key), known)
  }
  return new Map(streams.values())
}

function keyOf({ output, stream, part }: BatchKey): string {
  return JSON.stringify([output, stream, part])
}

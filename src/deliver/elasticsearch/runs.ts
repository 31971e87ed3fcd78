import { eventsOf } from '../bulk-lines.ts'

/** Consecutive events of one batch, as they stand in its body. */
export interface Run {
  /** Which of the batches that are delivered together. */
  batch: number
  /** Index of the first of them in the batch. */
  first: number
  count: number
  body: Uint8Array
}

export const countOf = (runs: readonly Run[]) => runs.reduce((sum, { count }) => sum + count, 0)
export const bytesOf = (runs: readonly Run[]) => runs.reduce((sum, { body }) => sum + body.byteLength, 0)

/** The bytes of all of them, in `buffer`, from its beginning. */
export function copyOf(runs: readonly Run[], buffer: Buffer): Buffer {
  let end = 0
  for (const { body } of runs) {
    buffer.set(body, end)
    end += body.byteLength
  }
  return buffer.subarray(0, end)
}

/** Groups of at most `size` bytes, in order; an event that is larger stands alone. */
export function pack(runs: readonly Run[], size: number): Run[][] {
  const groups: Run[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const run of runs.flatMap((run) => (run.body.byteLength > size ? cut(run, size) : [run]))) {
    bytes += run.body.byteLength
    if (bytes > size) {
      groups.push([])
      bytes = run.body.byteLength
    }
    groups.at(-1)?.push(run)
  }
  return groups
}

/** Two parts of about the same size, neither of them empty; null for a single event. */
export function halve(runs: readonly Run[]): [Run[], Run[]] | null {
  const [only] = runs
  if (only === undefined || countOf(runs) < 2) return null
  const half = bytesOf(runs) / 2
  const parts = runs.length === 1 ? cut(only, Math.max(1, half)) : runs
  let bytes = 0
  let at = 0
  for (; at < parts.length - 1; at++) {
    bytes += parts[at]?.body.byteLength ?? 0
    if (bytes >= half) break
  }
  const middle = Math.min(at + 1, parts.length - 1)
  return [parts.slice(0, middle), parts.slice(middle)]
}

/** Runs of at most `size` bytes; an event that is larger stands alone. */
function cut(run: Run, size: number): Run[] {
  const pieces: Run[] = []
  let start = 0
  let end = 0
  let count = 0
  let first = run.first
  const close = () => {
    if (count === 0) return
    pieces.push({ batch: run.batch, first, count, body: run.body.subarray(start, end) })
    first += count
    start = end
    count = 0
  }
  for (const { documentEnd } of eventsOf(run.body)) {
    if (documentEnd + 1 - start > size) close()
    end = documentEnd + 1
    count++
  }
  close()
  return pieces
}

import type { Batch } from '../../buffer/buffer.ts'
import { type EventPlace, eventsOf } from '../bulk-lines.ts'
import type { Attempts } from './attempts.ts'
import type { Holds } from './holds.ts'
import type { Run } from './runs.ts'

/** What of a batch may be sent, and what has to wait, by its index within the batch. */
export interface Admitted {
  runs: Run[]
  /** Of one event each, to be sent alone. */
  alone: Run[]
  waiting: [index: number, reason: string][]
}

/** Nearly always the whole batch, which then is not looked into. */
export function admit(
  { body, count }: Batch,
  batch: number,
  { holds, attempts }: { holds: Holds; attempts: Attempts },
  now: number,
): Admitted {
  if (holds.isEmpty && attempts.isEmpty) return { runs: [{ batch, first: 0, count, body }], alone: [], waiting: [] }
  const admitted: Admitted = { runs: [], alone: [], waiting: [] }
  const reasons = new Map<string, string | null>()
  let at = 0
  let open: { first: number; start: number; end: number } | undefined
  const close = () => {
    if (open === undefined) return
    const { first, start, end } = open
    admitted.runs.push({ batch, first, count: at - first, body: body.subarray(start, end) })
    open = undefined
  }
  for (const place of eventsOf(body)) {
    const action = actionOf(body, place)
    const index = indexOf(action)
    let reason = reasons.get(index)
    if (reason === undefined) {
      reason = holds.waits(index, now)
      reasons.set(index, reason)
    }
    const { actionStart: start, documentEnd } = place
    const end = documentEnd + 1
    if (reason !== null) {
      close()
      admitted.waiting.push([at, reason])
    } else if (attempts.isSuspect(action)) {
      close()
      admitted.alone.push({ batch, first: at, count: 1, body: body.subarray(start, end) })
    } else if (open === undefined) open = { first: at, start, end }
    else open.end = end
    at++
  }
  close()
  return admitted
}

/** The action line of an event. */
export function actionOf(body: Uint8Array, { actionStart, documentStart }: EventPlace): string {
  return Buffer.from(body.buffer, body.byteOffset + actionStart, documentStart - 1 - actionStart).toString()
}

/** The index that an action line names; empty when it names none. */
export function indexOf(action: string): string {
  return /"_index"\s*:\s*"([^"\\]*)"/.exec(action)?.[1] ?? ''
}

import type { Batch } from '../buffer/buffer.ts'

const LINE_END = 0x0a

/** Where the n-th event's action and document lines stand in a batch's body, ends without the line end. */
export interface EventPlace {
  actionStart: number
  documentStart: number
  documentEnd: number
}

/** Walks the events of a body in `_bulk` form. */
export function* eventsOf(body: Uint8Array): Generator<EventPlace> {
  for (let at = 0; at < body.length; ) {
    const actionEnd = body.indexOf(LINE_END, at)
    const documentEnd = actionEnd < 0 ? -1 : body.indexOf(LINE_END, actionEnd + 1)
    if (documentEnd < 0) return
    yield { actionStart: at, documentStart: actionEnd + 1, documentEnd }
    at = documentEnd + 1
  }
}

/** The batch that holds only the events at `indexes` (ascending) of `batch`: what is left to be tried again. */
export function restOf(batch: Batch, indexes: readonly number[]): Batch {
  const wanted = new Set(indexes)
  const pieces = [...eventsOf(batch.body)]
    .filter((_, index) => wanted.has(index))
    .map(({ actionStart, documentEnd }) => batch.body.subarray(actionStart, documentEnd + 1))
  return {
    ...batch,
    part: batch.part + 1,
    count: pieces.length,
    body: Buffer.concat(pieces),
    tally: scaleTally(batch, pieces.length),
  }
}

/** Which of a batch's events remain is not known by host, so the first hosts of the tally stand for them. */
function scaleTally(batch: Batch, count: number): Batch['tally'] {
  let left = count
  return batch.tally.flatMap(([route, host, events]): Batch['tally'] => {
    const taken = Math.min(left, events)
    left -= taken
    return taken === 0 ? [] : [[route, host, taken]]
  })
}

import type { Batch } from '../buffer/buffer.ts'
import { eventsOf } from './bulk-lines.ts'

const ID = /"_id":("(?:[^"\\]|\\.)*")/
const DAY = /"_index":"(\d{4}-\d\d-\d\d)"/

/** What the action lines of outputs say that write files: only the event's day, in UTC. */
export const DAY_INDEX = '%Y-%m-%d'

/** One event as a line of NDJSON, its line end included. */
export interface EventLine {
  pieces: Uint8Array[]
  /** Its day as its action line has it, `2013-12-03`; undefined when there is none. */
  day: string | undefined
}

/** The events of a batch as lines. `withId`: the event's id becomes the first member, `_id`, of its document. */
export function* linesOf(batch: Batch, withId: boolean): Generator<EventLine> {
  const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength)
  for (const { actionStart, documentStart, documentEnd } of eventsOf(body)) {
    const action = body.toString('latin1', actionStart, documentStart)
    const day = DAY.exec(action)?.[1]
    const id = withId ? ID.exec(action)?.[1] : undefined
    const document = body.subarray(documentStart, documentEnd + 1)
    const pieces = id === undefined ? [document] : [Buffer.from(`{"_id":${id},`, 'latin1'), document.subarray(1)]
    yield { pieces, day }
  }
}

import type { Batch } from '../buffer/buffer.ts'
import { free } from '../buffer/free.ts'
import { eventsOf } from './bulk-lines.ts'

const ID = /"_id":("(?:[^"\\]|\\.)*")/
const DAY = /"_index":"(\d{4}-\d\d-\d\d)"/

/** What the action lines of outputs say that write files: only the event's day, in UTC. */
export const DAY_INDEX = '%Y-%m-%d'

/** Lines of NDJSON behind each other, in memory that grows and is used again. */
export class Lines {
  #bytes = Buffer.alloc(0)
  #used = 0

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used)
  }

  add(from: Buffer, start: number, end: number): void {
    this.#makeRoom(end - start)
    this.#used += from.copy(this.#bytes, this.#used, start, end)
  }

  clear(): void {
    this.#used = 0
  }

  free(): void {
    free(this.#bytes)
    this.#bytes = Buffer.alloc(0)
    this.#used = 0
  }

  #makeRoom(size: number): void {
    if (this.#used + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(1 << 16, 2 * (this.#used + size)))
    this.#bytes.copy(larger, 0, 0, this.#used)
    free(this.#bytes)
    this.#bytes = larger
  }
}

/**
 * Adds the events of batches, in order, to the lines of their days. `withId`: the event's id becomes the first member,
 * `_id`, of its document.
 * @param linesOf of a day as action lines have it, `2013-12-03`; undefined when there is none
 */
export function writeLines(
  batches: readonly Batch[],
  withId: boolean,
  linesOf: (day: string | undefined) => Lines,
): void {
  for (const batch of batches) {
    const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength)
    let lines: Lines | undefined
    /** How the action lines of that day begin. */
    let sameDay: Buffer | undefined
    for (const { actionStart, documentStart, documentEnd } of eventsOf(body)) {
      if (lines === undefined || sameDay === undefined || !standsAt(body, actionStart, sameDay)) {
        const day = DAY.exec(body.toString('latin1', actionStart, documentStart))
        sameDay = day === null ? undefined : body.subarray(actionStart, actionStart + day.index + day[0].length)
        lines = linesOf(day?.[1])
      }
      let start = documentStart
      if (withId) {
        const id = ID.exec(body.toString('latin1', actionStart, documentStart))?.[1]
        const member = Buffer.from(`{"_id":${id},`, 'latin1')
        if (id !== undefined) {
          lines.add(member, 0, member.length)
          start++
        }
      }
      lines.add(body, start, documentEnd + 1)
    }
  }
}

function standsAt(body: Buffer, at: number, wanted: Buffer): boolean {
  for (let i = 0; i < wanted.length; i++) if (body[at + i] !== wanted[i]) return false
  return true
}

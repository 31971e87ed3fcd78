import { isMark } from '../../ledger/mark-set.ts'
import type { Marks } from '../../ledger/marks.ts'
import type { RedisLink } from './link.ts'

export type ShipperMarks = Pick<Marks, 'has' | 'record' | 'sync'>

/**
 * The marks that scripts leave in Redis for this shipper, until its own ledger has them for certain: the process, or the
 * answer of the script, may be lost in between.
 */
export class MarksInbox {
  readonly #link: RedisLink
  readonly #key: string
  readonly #marks: ShipperMarks
  #full = true

  constructor(link: RedisLink, key: string, marks: ShipperMarks) {
    this.#link = link
    this.#key = key
    this.#marks = marks
    link.onWell(() => this.left())
  }

  /** A script has, or may have, left a mark. */
  left(): void {
    this.#full = true
  }

  /** Takes over what is there; Redis forgets it when it is safe here. */
  async collect(): Promise<void> {
    if (!this.#full) return
    this.#full = false
    try {
      const found = await this.#link.run((client) => client.hgetall(this.#key))
      const fields = Object.keys(found)
      for (const text of Object.values(found)) {
        const mark: unknown = JSON.parse(text)
        if (isMark(mark)) await this.#marks.record(mark)
      }
      await this.#marks.sync()
      if (fields.length > 0) await this.#link.run((client) => client.hdel(this.#key, ...fields))
    } catch (error) {
      this.#full = true
      throw error
    }
  }
}

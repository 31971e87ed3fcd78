import { eventId } from '../event/ids.ts'
import { DAY } from '../event/times.ts'
import { formatIndex } from './index-name.ts'

const ZERO = 0x30
const END = '"}}\n'

/**
 * The line of `_bulk` in front of each event. Its text is kept: of the next one of the same day mostly the last three
 * digits of the id have to be written, and no number is formatted.
 */
export class ActionLine {
  readonly #stream: string
  readonly #index: string
  #text: Uint8Array = new Uint8Array(0)
  /** Midnight UTC of the index's day, and the first sequence number with the digits that stand there. */
  #day = Number.NaN
  #thousand = Number.NaN

  /** @param index its name, with `%Y`, `%m` and `%d` for the day */
  constructor(stream: string, index: string) {
    this.#stream = stream
    this.#index = index
  }

  /**
   * Writes the line and returns the offset after it.
   *
   * @param sequence of the event in its stream
   * @param time ms since the epoch; of its day is the index
   */
  put(out: Uint8Array, at: number, sequence: number, time: number): number {
    const within = time - this.#day
    let last = sequence - this.#thousand
    if (!(within >= 0 && within < DAY && last >= 0 && last < 1000)) {
      this.#day = Math.floor(time / DAY) * DAY
      this.#thousand = Math.floor(sequence / 1000) * 1000
      last = sequence - this.#thousand
      const index = formatIndex(this.#index, this.#day)
      this.#text = Buffer.from(`{"create":{"_index":"${index}","_id":"${eventId(this.#stream, sequence)}${END}`)
    }
    const text = this.#text
    const { length } = text
    const digits = length - END.length
    const tens = (last / 10) | 0
    const hundreds = (last / 100) | 0
    text[digits - 3] = ZERO + hundreds
    text[digits - 2] = ZERO + tens - hundreds * 10
    text[digits - 1] = ZERO + last - tens * 10
    out.set(text, at)
    return at + length
  }
}

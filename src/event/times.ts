import { ByDay, DAY } from './by-day.ts'

const MINUTE = 60_000
const ZERO = 0x30

/** `2026-11-23T` */
const DATES = new ByDay((midnight) => Buffer.from(new Date(midnight).toISOString().slice(0, 11), 'latin1'))

/**
 * Writes ISO 8601 times in UTC. The text is kept from the call before: within a minute only seconds and milliseconds
 * are written anew, within a millisecond nothing: 0.012 µs in another second, 0.023 in another minute, 0.03 on another
 * day; `toISOString` and write take 0.47 (best of 60 rounds of 20,000).
 */
export class IsoClock {
  #day = Number.NaN
  #minute = Number.NaN
  #time = Number.NaN
  /** `2026-11-23T03:14:21.123Z` */
  readonly #text = Uint8Array.from('0000-00-00T00:00:00.000Z', (char) => char.charCodeAt(0))
  readonly #words = new DataView(this.#text.buffer)

  /** With milliseconds and `Z`. Returns the offset after it. */
  write(out: DataView, at: number, time: number): number {
    if (time !== this.#time) this.#set(time)
    out.setFloat64(at, this.#words.getFloat64(0, true), true)
    out.setFloat64(at + 8, this.#words.getFloat64(8, true), true)
    out.setFloat64(at + 16, this.#words.getFloat64(16, true), true)
    return at + 24
  }

  /** Without a zone, and without `.000`; `out` must have room for 24 bytes all the same. */
  writeShort(out: DataView, at: number, time: number): number {
    this.write(out, at, time)
    const text = this.#text
    return text[20] === ZERO && text[21] === ZERO && text[22] === ZERO ? at + 19 : at + 23
  }

  #set(time: number): void {
    this.#time = time
    let within = time - this.#minute
    if (!(within >= 0 && within < MINUTE)) {
      this.#setMinute(time)
      within = time - this.#minute
    }
    const millis = within | 0
    const seconds = (millis / 1000) | 0
    const rest = millis - seconds * 1000
    const text = this.#text
    const hundreds = (rest / 100) | 0
    text[20] = ZERO + hundreds
    writeTwo(text, 17, seconds)
    writeTwo(text, 21, rest - hundreds * 100)
  }

  #setMinute(time: number): void {
    const text = this.#text
    if (!(time >= this.#day && time < this.#day + DAY)) {
      this.#day = Math.floor(time / DAY) * DAY
      text.set(DATES.of(time))
    }
    const minutes = ((time - this.#day) / MINUTE) | 0
    this.#minute = this.#day + minutes * MINUTE
    const hours = (minutes / 60) | 0
    writeTwo(text, 11, hours)
    writeTwo(text, 14, minutes - hours * 60)
  }
}

function writeTwo(text: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0
  text[at] = ZERO + tens
  text[at + 1] = ZERO + value - tens * 10
}

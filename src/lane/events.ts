import { DAY } from '../event/by-day.ts'
import { FLAG_DATE_OUT_OF_RANGE } from '../syslog/header.ts'
import type { LaneBatches } from './batches.ts'
import type { LaneCounters } from './counters.ts'
import type { LaneOptions } from './options.ts'
import type { LaneOutlet } from './outlet.ts'
import type { ParsedLine } from './parsed-line.ts'
import { SeenSlots } from './seen.ts'

/** From a line that was read to its event in the open batches, and to what is told of its source. */
export class LaneEvents {
  readonly seen = new SeenSlots()
  /** Events of these hosts are discarded and counted, as the buffer is nearly full; null: of none. */
  shedHosts: ReadonlySet<string> | null = null
  readonly #batches: LaneBatches
  readonly #counters: LaneCounters
  readonly #outlet: LaneOutlet
  readonly #window: LaneOptions['window']
  /** Times that are near enough to this reception, ms since the epoch. */
  #receivedAt = Number.NaN
  #earliest = Number.NaN
  #latest = Number.NaN

  constructor(options: LaneOptions, batches: LaneBatches, counters: LaneCounters, outlet: LaneOutlet) {
    this.#window = options.window
    this.#batches = batches
    this.#counters = counters
    this.#outlet = outlet
  }

  write(line: ParsedLine): void {
    const { header, enrichment, kind } = line
    if (enrichment !== null && !Number.isNaN(enrichment.time)) header.time = enrichment.time
    this.#date(line)
    this.seen.add(kind)
    if (this.seen.full) this.#outlet.seen(this.seen.take())
    if (!line.wanted) this.#batches.skip(kind)
    else if (this.shedHosts?.has(kind.source.host)) this.#batches.shed(kind)
    else this.#batches.add(line, kind, header.flags & FLAG_DATE_OUT_OF_RANGE ? line.receivedAt : line.time)
    if (header.flags !== 0) this.#countFlags(header.flags)
  }

  /** The event's time; remembers how far the sender's clock is off, and flags a day too far from reception. */
  #date(line: ParsedLine): void {
    const { header, receivedAt, kind } = line
    const { time } = header
    if (Number.isNaN(time)) {
      line.time = receivedAt
      return
    }
    line.time = time
    kind.source.skew = receivedAt - time
    if (receivedAt !== this.#receivedAt) this.#setWindow(receivedAt)
    if (time < this.#earliest || time > this.#latest) header.flags |= FLAG_DATE_OUT_OF_RANGE
  }

  #setWindow(receivedAt: number): void {
    const { back, ahead } = this.#window
    this.#receivedAt = receivedAt
    this.#earliest = Math.floor(receivedAt / DAY) * DAY - back
    this.#latest = receivedAt + ahead
  }

  #countFlags(flags: number): void {
    const { values, flags: first } = this.#counters
    for (let bit = 0, left = flags; left !== 0; bit++, left >>>= 1) if (left & 1) values[first + bit]++
  }
}

/**
 * Datagrams (or frames) to send, as ranges of one buffer: a log file is cut into lines without copying them, and
 * nothing is allocated per line. 0.1 µs a line for cutting, against 0.25 µs with a Buffer object for each.
 */
export class Datagrams {
  readonly bytes: Buffer
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** When each was recorded, in ms since the epoch; NaN: not known. */
  readonly times: number[] = []
  /** Addresses of those who sent them; empty: not known. */
  readonly senders: string[] = []

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** `Datagrams.of(['<13>one', '<13>two'])`: texts as UTF-8, byte arrays copied. */
  static of(
    items: readonly (string | Uint8Array)[],
    times: readonly number[] = [],
    senders: readonly string[] = [],
  ): Datagrams {
    const parts = items.map((item) => (typeof item === 'string' ? Buffer.from(item) : item))
    const datagrams = new Datagrams(Buffer.concat(parts))
    let at = 0
    for (const [index, part] of parts.entries()) {
      datagrams.add(at, at + part.length, times[index])
      at += part.length
    }
    datagrams.senders.push(...senders)
    return datagrams
  }

  get count(): number {
    return this.starts.length
  }

  add(start: number, end: number, time = Number.NaN): void {
    this.starts.push(start)
    this.ends.push(end)
    this.times.push(time)
  }

  /** The first `count` of them, at most. */
  first(count: number): Datagrams {
    if (count >= this.count) return this
    const some = new Datagrams(this.bytes)
    for (let i = 0; i < count; i++) some.add(this.starts[i], this.ends[i], this.times[i])
    some.senders.push(...this.senders.slice(0, count))
    return some
  }

  at(index: number): Buffer {
    return this.bytes.subarray(this.starts[index], this.ends[index])
  }
}

import type { Piece } from '../event/piece.ts'
import type { Sender } from '../receive/sender.ts'

/** A line whose continuation may still come, with what has been joined to it. */
export interface HeldLine {
  /** Sender, host, program and pid, which continuations share. */
  key: string
  /** Number of its first line in the stream. */
  number: number
  sender: Sender
  receivedAt: number
  truncated: boolean
  /** The file that it is in, as JSON. */
  path: Piece | null
  /** Given out when its time is over, ms since the epoch. */
  due: number
  lines: number
  /** The line as received, then the messages joined to it, with line feeds between. */
  bytes: Buffer
  used: number
}

/** Lines held at once, and their bytes; beyond it the oldest is given out early. */
const LINES = 1024
const BYTES = 4 << 20
/** Of one event. */
const EVENT_BYTES = 64 << 10

/**
 * Holds lines of programs whose messages go on over several lines, and joins them. Bounded in lines and memory,
 * whatever senders do.
 */
export class LineJoiner {
  readonly #held = new Map<string, HeldLine>()
  #bytes = 0
  #newest = -1
  /** When the next is due, ms since the epoch; never too late. */
  due = Number.POSITIVE_INFINITY

  get empty(): boolean {
    return this.#held.size === 0
  }

  /** Number of the line held for longest, Infinity when there is none; of the line held last, -1 when there is none. */
  get oldest(): number {
    const [first] = this.#held.values()
    return first === undefined ? Number.POSITIVE_INFINITY : first.number
  }

  get newest(): number {
    return this.#held.size === 0 ? -1 : this.#newest
  }

  /** The line that the next one with this key may continue; undefined when there is none, or its time is over. */
  find(key: string, receivedAt: number, max: number): HeldLine | undefined {
    const held = this.#held.get(key)
    return held !== undefined && receivedAt <= held.due && held.lines < max ? held : undefined
  }

  /** Joins a message to a held line; false when that would be too much. */
  join(held: HeldLine, message: Uint8Array, due: number): boolean {
    const need = held.used + 1 + message.length
    if (need > EVENT_BYTES) return false
    if (need > held.bytes.length) {
      const longer = Buffer.allocUnsafeSlow(Math.min(EVENT_BYTES, need * 2))
      held.bytes.copy(longer, 0, 0, held.used)
      this.#bytes += longer.length - held.bytes.length
      held.bytes = longer
    }
    held.bytes[held.used] = 0x0a
    held.bytes.set(message, held.used + 1)
    held.used = need
    held.lines++
    held.due = due
    return true
  }

  /** Holds a line; the bytes are copied. What has to go for it comes first through `takeDue`. */
  hold(line: Omit<HeldLine, 'bytes' | 'used' | 'lines'>, bytes: Uint8Array): void {
    const copy = Buffer.from(bytes)
    this.#held.set(line.key, { ...line, lines: 1, bytes: copy, used: copy.length })
    this.#bytes += copy.length
    this.#newest = line.number
    if (line.due < this.due) this.due = line.due
  }

  /** Takes out the line with this key. */
  take(key: string): HeldLine | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    this.#held.delete(key)
    this.#bytes -= held.bytes.length
    return held
  }

  /** Takes out a line that is due at `now`, or has to make room; undefined when there is none. */
  takeDue(now: number): HeldLine | undefined {
    const over = this.#held.size > LINES || this.#bytes > BYTES
    if (now < this.due && !over) return undefined
    let next = Number.POSITIVE_INFINITY
    for (const held of this.#held.values()) {
      if (over || held.due <= now) return this.take(held.key)
      if (held.due < next) next = held.due
    }
    this.due = next
    return undefined
  }
}

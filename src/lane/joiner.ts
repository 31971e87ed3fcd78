import type { Multiline } from '../dataset/enrichment.ts'
import { Memory } from '../event/memory.ts'
import { ParsedLine } from './parsed-line.ts'

/** A line whose continuation may still come, with what has been joined to it. */
export interface HeldLine {
  line: ParsedLine
  /** The line's own now: it as received, then the messages joined to it, with line feeds between. */
  memory: Memory
  used: number
  lines: number
  /** Given out when its time is over, ms since the epoch. */
  due: number
  /** Of its sender, host, program and pid, which continuations share. */
  hash: number
  /** With the same place in the table. */
  next: HeldLine | null
  older: HeldLine | null
  newer: HeldLine | null
}

/** Lines held at once, and their bytes; beyond it the oldest is given out early. */
const LINES = 1024
const BYTES = 4 << 20
/** Of one event. */
const EVENT_BYTES = 64 << 10
const TABLE = 2048
/** Used again, with as much memory. */
const SPARE = 16
const SPARE_BYTES = 32 << 10

/**
 * Holds lines of programs whose messages go on over several lines, and joins them. Bounded in lines and memory,
 * whatever senders do. A line that nothing is joined to costs 0.1 µs more than one that is not held: it is copied once,
 * and what was read out of it is kept.
 */
export class LineJoiner {
  readonly #table: (HeldLine | null)[] = new Array(TABLE).fill(null)
  #oldest: HeldLine | null = null
  #newest: HeldLine | null = null
  #lines = 0
  #bytes = 0
  readonly #spare: HeldLine[] = []
  /** When the next is due, ms since the epoch; never too late. */
  due = Number.POSITIVE_INFINITY

  get empty(): boolean {
    return this.#oldest === null
  }

  /** Number of the line held for longest, Infinity when there is none; of the line held last, -1 when there is none. */
  get oldest(): number {
    return this.#oldest === null ? Number.POSITIVE_INFINITY : this.#oldest.line.number
  }

  get newest(): number {
    return this.#newest === null ? -1 : this.#newest.line.number
  }

  /** Joins the line's message to the one held that it goes on with; false when there is none, or that would be too much. */
  join(line: ParsedLine, { within, max }: Multiline): boolean {
    const { header, receivedAt } = line
    const held = this.#find(line, hashOf(line))
    if (held === null || receivedAt > held.due || held.lines >= max) return false
    const need = held.used + 1 + header.lineEnd - header.messageStart
    if (need > EVENT_BYTES) return false
    this.#bytes -= sizeOf(held)
    grow(held, need)
    this.#bytes += sizeOf(held)
    held.memory.bytes[held.used] = 0x0a
    line.memory.copyTo(held.memory, held.used + 1, header.messageStart, header.lineEnd)
    held.used = need
    held.lines++
    held.due = receivedAt + within
    return true
  }

  /**
   * Holds the line, whose number rises from call to call, with its bytes copied. What has to go for it comes through
   * `takeDue` then. Returns another object for the lines to come, as this one is kept.
   */
  hold(line: ParsedLine, { within }: Multiline): ParsedLine {
    const held = this.#spare.pop() ?? made()
    const free = held.line
    const { start, header } = line
    held.used = 0
    grow(held, header.lineEnd - start)
    line.memory.copyTo(held.memory, 0, start, header.lineEnd)
    held.used = header.lineEnd - start
    header.moveBy(-start)
    line.memory = held.memory
    line.start = 0
    held.line = line
    held.lines = 1
    held.due = line.receivedAt + within
    held.hash = hashOf(line)

    const place = held.hash & (TABLE - 1)
    held.next = this.#table[place]
    this.#table[place] = held
    held.older = this.#newest
    held.newer = null
    if (this.#newest === null) this.#oldest = held
    else this.#newest.newer = held
    this.#newest = held
    this.#lines++
    this.#bytes += sizeOf(held)
    if (held.due < this.due) this.due = held.due
    return free
  }

  /** Takes out the line held that the line could go on with. */
  take(line: ParsedLine): HeldLine | null {
    const held = this.#find(line, hashOf(line))
    if (held !== null) this.#remove(held)
    return held
  }

  /** Takes out a line that is due at `now`, or has to make room; null when there is none. */
  takeDue(now: number): HeldLine | null {
    const over = this.#lines > LINES || this.#bytes > BYTES
    if (now < this.due && !over) return null
    let next = Number.POSITIVE_INFINITY
    for (let held = this.#oldest; held !== null; held = held.newer) {
      if (over || held.due <= now) {
        this.#remove(held)
        return held
      }
      if (held.due < next) next = held.due
    }
    this.due = next
    return null
  }

  /** Gives back what was taken out, once its event is written. */
  giveBack(held: HeldLine): void {
    if (this.#spare.length < SPARE && sizeOf(held) <= SPARE_BYTES) this.#spare.push(held)
  }

  #find(line: ParsedLine, hash: number): HeldLine | null {
    let held = this.#table[hash & (TABLE - 1)]
    while (held !== null && (held.hash !== hash || !sameOrigin(held.line, line))) held = held.next
    return held
  }

  #remove(held: HeldLine): void {
    const place = held.hash & (TABLE - 1)
    let before = this.#table[place]
    if (before === held) this.#table[place] = held.next
    else {
      while (before !== null && before.next !== held) before = before.next
      if (before !== null) before.next = held.next
    }
    if (held.older === null) this.#oldest = held.newer
    else held.older.newer = held.newer
    if (held.newer === null) this.#newest = held.older
    else held.newer.older = held.older
    held.next = held.older = held.newer = null
    this.#lines--
    this.#bytes -= sizeOf(held)
  }
}

function made(): HeldLine {
  const memory = new Memory(Buffer.allocUnsafeSlow(1 << 10))
  const line = new ParsedLine()
  return { line, memory, used: 0, lines: 0, due: 0, hash: 0, next: null, older: null, newer: null }
}

/** Makes room for so many bytes, at most EVENT_BYTES of them by joining; the line alone may be longer. */
function grow(held: HeldLine, need: number): void {
  if (need <= sizeOf(held)) return
  const longer = new Memory(Buffer.allocUnsafeSlow(Math.max(need, Math.min(EVENT_BYTES, need * 2))))
  held.memory.copyTo(longer, 0, 0, held.used)
  held.memory = longer
  held.line.memory = longer
}

function sizeOf(held: HeldLine): number {
  return held.memory.bytes.length
}

function hashOf({ memory: { bytes }, note, source, header }: ParsedLine): number {
  let hash = (source === null ? 0 : source.hash) ^ (note === null ? 0 : note.index)
  for (let i = header.pidStart; i < header.pidEnd; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return hash ^ (hash >>> 15)
}

function sameOrigin(a: ParsedLine, b: ParsedLine): boolean {
  if (a.note !== b.note || a.source === null || b.source === null) return false
  if (a.source !== b.source && (a.source.host !== b.source.host || a.source.program !== b.source.program)) return false
  const { pidStart, pidEnd } = a.header
  const shift = b.header.pidStart - pidStart
  if (b.header.pidEnd - b.header.pidStart !== pidEnd - pidStart) return false
  for (let i = pidStart; i < pidEnd; i++) if (a.memory.bytes[i] !== b.memory.bytes[i + shift]) return false
  return true
}

import { allocate } from '../free.ts'

/**
 * The bytes of a batch in an order of which zstd makes less: events by length, since those of one kind are about as
 * long, and their consecutive ids taken out.
 *
 *     columns of one byte an event: bytes 0, 1, 2 and 3 of its length, and how much its id is above the one before it
 *     (0: it stands in the event); then the events, by length
 *
 * The columns are in the events' own order, and what was arranged comes back exactly.
 */

/** Bytes an event beside the events. */
export const COLUMNS = 5
/** In smaller batches the columns cost what the order saves. */
const FEWEST = 100
/** Events from this length on are not sorted. */
const LONGEST = 4095
/** The last digits of an id; behind them the action line ends with `"}}`. */
const DIGITS = 8
const DIGITS_AND_END = DIGITS + 3
const LF = 0x0a
const ZERO = 0x30

/** Where a batch was arranged last, taken again for the next: fresh memory is dearer than what is done with it. */
let room = Buffer.alloc(0)
const MOST_ROOM = 4 << 20

/** Valid until the next call. Undefined: there is nothing to gain, or `body` is not `count` times two lines. */
export function arrange(body: Uint8Array, count: number): Buffer | undefined {
  if (count < FEWEST || count * 2 > body.byteLength) return undefined
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const head = count * COLUMNS
  const out = roomFor(head + bytes.length)
  const lengths = new Uint32Array(count)
  /** Of the digits in an event, where they are taken out. */
  const digits = new Uint32Array(count)
  const actions = new ActionLines()
  let before = -1
  let start = 0
  for (let event = 0; event < count; event++) {
    const actionEnd = actions.end(bytes, start)
    const end = bytes.indexOf(LF, actionEnd + 1) + 1
    if (actionEnd < start || end === 0) return undefined
    lengths[event] = end - start
    for (let column = 0; column < 4; column++) out[column * count + event] = (end - start) >>> (8 * column)
    const at = Math.max(start, actionEnd - DIGITS_AND_END)
    const id = readDigits(bytes, at)
    const step = before < 0 || id <= before || id > before + 255 ? 0 : id - before
    out[4 * count + event] = step
    if (step > 0) digits[event] = at - start
    before = id
    start = end
  }
  if (start !== bytes.length) return undefined
  const places = new Places(lengths, head)
  let from = 0
  for (let event = 0; event < count; event++) {
    const length = lengths[event] ?? 0
    const to = places.next(length)
    bytes.copy(out, to, from, from + length)
    const at = digits[event] ?? 0
    if (at > 0) for (let i = to + at; i < to + at + DIGITS; i++) out[i] = ZERO
    from += length
  }
  return out.subarray(0, head + bytes.length)
}

/**
 * The body that was arranged, in memory of its own; undefined when the bytes are not what `arrange` makes. Written from
 * its beginning to its end, each event with its digits: in the order that it is read in, and the digits after that, it
 * takes 0.25 µs an event in a busy shipper, in place of 0.16.
 */
export function restore(arranged: Buffer, count: number): Buffer | undefined {
  const head = count * COLUMNS
  const lengths = new Uint32Array(count)
  let size = 0
  for (let event = 0; event < count; event++) {
    let length = 0
    for (let column = 3; column >= 0; column--) length = length * 256 + (arranged[column * count + event] ?? 0)
    lengths[event] = length
    size += length
  }
  if (head + size !== arranged.length) return undefined
  const body = allocate(size)
  const places = new Places(lengths, head)
  const actions = new ActionLines()
  let id = -1
  let to = 0
  for (let event = 0; event < count; event++) {
    const length = lengths[event] ?? 0
    const from = places.next(length)
    const at = Math.max(from, actions.end(arranged, from) - DIGITS_AND_END)
    const step = arranged[4 * count + event] ?? 0
    id = step === 0 ? readDigits(arranged, at) : id + step
    if (step > 0) writeDigits(arranged, at, id)
    arranged.copy(body, to, from, from + length)
    to += length
  }
  return body
}

/** Where each event stands when they are in the order of their lengths, those of one length in their own. */
class Places {
  /** By length, where the next event of that length stands. */
  readonly #next = new Uint32Array(LONGEST + 1)

  constructor(lengths: Uint32Array, head: number) {
    const next = this.#next
    for (const length of lengths) {
      const kind = Math.min(length, LONGEST)
      next[kind] = (next[kind] ?? 0) + length
    }
    let place = head
    for (let kind = 0; kind <= LONGEST; kind++) {
      const bytes = next[kind] ?? 0
      next[kind] = place
      place += bytes
    }
  }

  next(length: number): number {
    const kind = Math.min(length, LONGEST)
    const place = this.#next[kind] ?? 0
    this.#next[kind] = place + length
    return place
  }
}

/** Finds where action lines end: nearly all are as long as the one before. */
class ActionLines {
  #length = 0

  end(bytes: Buffer, start: number): number {
    if (bytes[start + this.#length] !== LF) this.#length = bytes.indexOf(LF, start) - start
    return start + this.#length
  }
}

/** -1 when others are among them. */
function readDigits(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = at; i < at + DIGITS; i++) {
    const digit = (bytes[i] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function writeDigits(bytes: Uint8Array, at: number, value: number): void {
  for (let i = at + DIGITS - 1; i >= at; i--) {
    const rest = (value / 10) | 0
    bytes[i] = ZERO + value - rest * 10
    value = rest
  }
}

function roomFor(bytes: number): Buffer {
  if (bytes > MOST_ROOM) return Buffer.allocUnsafeSlow(bytes)
  if (room.length < bytes) room = Buffer.allocUnsafeSlow(Math.min(MOST_ROOM, bytes + (bytes >> 2)))
  return room
}

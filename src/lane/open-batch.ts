import type { Batch, Tally } from '../buffer/buffer.ts'
import { DOCUMENT_OVERHEAD, ESCAPED_COPIES, type Shape } from '../event/line.ts'
import { ActionLine } from './action-line.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { ParsedLine } from './parsed-line.ts'
import type { Slot } from './sources.ts'

/** A batch is closed by the first of these. */
export const BATCH_EVENTS = 1000
export const BATCH_BYTES = 1 << 20
export const BATCH_MILLIS = 250

const LINE_END = 0x0a
const NOTHING = new DataView(new ArrayBuffer(0))

/** The batch of one output that a lane is writing: action line, document line, action line, ... */
export class OpenBatch {
  readonly output: string
  readonly #place: number
  readonly #stream: string
  readonly #pool: BufferPool
  readonly #shape: Shape
  readonly #action: ActionLine
  #number: number
  #bytes: Uint8Array | null = null
  #view: DataView = NOTHING
  #used = 0
  #count = 0
  #from = 0
  #to = 0
  #touched: Slot[] = []

  /** @param place of this output among the lane's: which element of `Slot.inBatch` is its count. */
  constructor(options: {
    output: string
    place: number
    stream: string
    lastNumber: number
    pool: BufferPool
    shape: Shape
    index: string
  }) {
    this.output = options.output
    this.#place = options.place
    this.#stream = options.stream
    this.#number = options.lastNumber
    this.#pool = options.pool
    this.#shape = options.shape
    this.#action = new ActionLine(options.stream, options.index)
  }

  get count(): number {
    return this.#count
  }

  /** When the open batch is due, ms since the epoch; Infinity when it is empty. */
  get due(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#from + BATCH_MILLIS
  }

  get complete(): boolean {
    return this.#count >= BATCH_EVENTS || this.#used >= BATCH_BYTES
  }

  /** True when the line could need more room than is left: close the batch first. */
  lacksRoomFor(line: ParsedLine): boolean {
    return this.#bytes !== null && this.#count > 0 && this.#used + roomFor(line) > this.#bytes.length
  }

  /** @param indexTime in the day whose index the event belongs to */
  add(line: ParsedLine, slot: Slot, indexTime: number): void {
    if (this.#bytes === null) {
      const bytes = this.#pool.take(roomFor(line))
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      this.#from = line.receivedAt
    }
    const view = this.#view
    const at = this.#action.put(view, this.#used, line.number, indexTime)
    const o = this.#shape.compose(view, at, line)
    view.setUint8(o, LINE_END)
    this.#used = o + 1
    this.#count++
    this.#to = line.receivedAt
    if (slot.inBatch[this.#place]++ === 0) this.#touched.push(slot)
  }

  /** Takes the batch out; the caller owns `body` and gives its buffer back to the pool. Null when empty. */
  close(): Batch | null {
    const bytes = this.#bytes
    if (bytes === null || this.#count === 0) return null
    const batch: Batch = {
      stream: this.#stream,
      number: ++this.#number,
      part: 0,
      output: this.output,
      count: this.#count,
      body: bytes.subarray(0, this.#used),
      tally: this.#takeTally(),
      received: { from: this.#from, to: this.#to },
    }
    this.#bytes = null
    this.#view = NOTHING
    this.#used = 0
    this.#count = 0
    return batch
  }

  #takeTally(): Tally {
    const sums = new Map<string, Map<string, number>>()
    for (const slot of this.#touched) {
      const route = slot.decision.routes.join('+')
      const hosts = sums.get(route) ?? new Map<string, number>()
      sums.set(route, hosts)
      hosts.set(slot.source.host, (hosts.get(slot.source.host) ?? 0) + slot.inBatch[this.#place])
      slot.inBatch[this.#place] = 0
    }
    this.#touched = []
    return [...sums].flatMap(([route, hosts]) => [...hosts].map(([host, n]): Tally[number] => [route, host, n]))
  }
}

function roomFor({ header, start, enrichment }: ParsedLine): number {
  const enriched = enrichment === null ? 0 : enrichment.used
  return (header.lineEnd - start) * ESCAPED_COPIES + enriched + DOCUMENT_OVERHEAD
}

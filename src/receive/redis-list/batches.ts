import type { Batch } from '../../buffer/buffer.ts'
import { DAY } from '../../event/by-day.ts'
import { formatIndex } from '../../lane/index-name.ts'
import { BATCH_BYTES, BATCH_EVENTS } from '../../lane/open-batch.ts'
import type { ListedDocument } from './document.ts'

/** As all ids, see event/ids.ts. */
const DIGITS = 15
/** What the ledger's table of routes shows: these events pass none. */
const ROUTE = 'redis-list'
const LINE_END = Buffer.from('\n')

export interface ListBatchesOptions {
  /** Of the batches, not of the events' ids. */
  stream: string
  outputs: readonly { name: string; index: string }[]
  /** As in LaneOptions. */
  window: { back: number; ahead: number }
}

/** Events on their way into batches: one for each output, all with the same events. */
export class ListBatches {
  readonly #options: ListBatchesOptions
  #number = 0
  #events: { id: string; day: number; bytes: Buffer }[] = []
  #bytes = 0
  #from = 0
  #to = 0
  #hosts = new Map<string, number>()

  constructor(options: ListBatchesOptions) {
    this.#options = options
  }

  get empty(): boolean {
    return this.#events.length === 0
  }

  get complete(): boolean {
    return this.#events.length >= BATCH_EVENTS || this.#bytes >= BATCH_BYTES
  }

  /** @param sequence of the event in its list, whose stream makes the id unique */
  add({ bytes, time, host }: ListedDocument, stream: string, sequence: number, receivedAt: number): void {
    const { back, ahead } = this.#options.window
    const isFar = !(time >= dayOf(receivedAt) - back && time <= receivedAt + ahead)
    const id = `${stream}-${String(sequence).padStart(DIGITS, '0')}`
    if (this.empty) this.#from = receivedAt
    this.#to = receivedAt
    this.#events.push({ id, day: dayOf(isFar ? receivedAt : time), bytes })
    this.#bytes += bytes.length
    this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1)
  }

  /** Closes the batches; none when there is no event. */
  close(): Batch[] {
    if (this.empty) return []
    const { stream, outputs } = this.#options
    const number = ++this.#number
    const count = this.#events.length
    const received = { from: this.#from, to: this.#to }
    const tally = [...this.#hosts].map(([host, events]): Batch['tally'][number] => [ROUTE, host, events])
    const batches = outputs.map(({ name, index }) => {
      return { stream, number, part: 0, output: name, count, body: this.#bodyFor(index), tally, received }
    })
    this.#events = []
    this.#bytes = 0
    this.#hosts = new Map()
    return batches
  }

  #bodyFor(index: string): Buffer {
    const actions = new Map<number, string>()
    const lines = this.#events.flatMap(({ id, day, bytes }) => {
      const action = actions.get(day) ?? `{"create":{"_index":"${formatIndex(index, day)}","_id":"`
      actions.set(day, action)
      return [Buffer.from(`${action}${id}"}}\n`), bytes, LINE_END]
    })
    return Buffer.concat(lines)
  }
}

/** Midnight UTC. */
function dayOf(time: number): number {
  return Math.floor(time / DAY) * DAY
}

import type { Batch } from '../buffer/buffer.ts'
import { type ListPart, type ListPosition, positionOf } from '../buffer/list/reader.ts'
import { newStream } from '../event/ids.ts'
import { BYTES, LaneCounters, RECEIVED } from '../lane/counters.ts'
import { laneOptions } from '../lane/from-config.ts'
import { BATCH_MILLIS } from '../lane/open-batch.ts'
import { StreamFile } from '../ledger/stream-file.ts'
import { ListBatches } from '../receive/redis-list/batches.ts'
import { documentOf } from '../receive/redis-list/document.ts'
import type { InputContext } from './inputs.ts'

/** Batches under way; with these at their limit the list is not read on. */
const CREDITS = 8

export interface ListLaneOptions {
  /** The input's name. */
  name: string
  /** Under which its position is kept. */
  positionKey: string
  context: InputContext
  /** All up to this event of the list is in the buffer of every output. */
  safe(stream: string, last: number): void
}

/**
 * Events of a list on their way into the buffer. Their position becomes durable with the batch that holds them, so that
 * what comes again after a crash is not taken again.
 */
export class ListLane {
  readonly #options: ListLaneOptions
  readonly #batches: ListBatches
  readonly #counters: LaneCounters
  readonly #file: StreamFile
  #turn: Promise<void> = Promise.resolve()
  #underWay = 0
  #room = Promise.withResolvers<void>()
  /** False once a batch was not taken, since all stops: what follows must not be, either. */
  #isTaking = true
  #newest: { stream: string; last: number; element: Buffer } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: ListLaneOptions) {
    const { context, name } = options
    this.#options = options
    const stream = newStream()
    const { outputs, window } = laneOptions(context, stream, { name })
    this.#batches = new ListBatches({ stream, outputs, window })
    const names = outputs.map((output) => output.name)
    this.#counters = new LaneCounters(names, [])
    const meta = { stream, input: name, lane: 0, started: Date.now(), rereads: true }
    this.#file = StreamFile.create(context.ledger.streams, meta, this.#counters.names)
  }

  /** Resolves when there is room for more. */
  async take({ stream, first, elements }: ListPart): Promise<void> {
    const now = Date.now()
    for (const [i, element] of elements.entries()) {
      const last = first + i
      this.#counters.values[RECEIVED]++
      this.#counters.values[BYTES] += element.length
      this.#batches.add(documentOf(element, now), stream, last, now)
      this.#newest = { stream, last, element }
      if (!this.#batches.complete) continue
      this.#close()
      while (this.#underWay >= CREDITS) await this.#room.promise
    }
    if (!this.#batches.empty) this.#timer ??= setTimeout(() => this.#close(), BATCH_MILLIS)
  }

  /** Hands on what is there, and waits until it is safe. */
  async stop(): Promise<void> {
    this.#close()
    await this.#turn
    this.#file.close()
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#newest === undefined) return
    const { stream, last, element } = this.#newest
    const batches = this.#batches.close()
    const position = positionOf({ stream, last }, element)
    // What is appended must never be more than what is known to be received.
    for (const [i, value] of this.#counters.values.entries()) this.#file.set(i, value)
    this.#file.write()
    this.#underWay++
    // One after the other: a position must not be safe before the events in front of it are.
    this.#turn = this.#turn.then(() => this.#append(batches, position))
    this.#newest = undefined
  }

  async #append(batches: Batch[], position: ListPosition): Promise<void> {
    const { context, positionKey, safe } = this.#options
    const positions = { [positionKey]: position }
    const [only, ...more] = batches
    if (this.#isTaking && only !== undefined) {
      const placed = more.length === 0 ? [{ ...only, positions }] : batches
      const taken = await Promise.all(placed.map((batch) => context.intake.tryBatch(batch)))
      this.#isTaking = taken.every((isTaken) => isTaken)
      if (this.#isTaking && more.length > 0) await context.buffer.savePositions(positions)
      if (this.#isTaking) safe(position.stream, position.last)
    }
    this.#underWay--
    this.#room.resolve()
    this.#room = Promise.withResolvers()
  }
}

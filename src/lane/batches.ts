import type { Batch } from '../buffer/buffer.ts'
import { EcsShape } from '../event/ecs.ts'
import { LogstashShape } from '../event/logstash.ts'
import { BufferPool } from './buffer-pool.ts'
import { ARCHIVED_ONLY, type LaneCounters } from './counters.ts'
import { OpenBatch } from './open-batch.ts'
import type { LaneOptions } from './options.ts'
import type { ParsedLine } from './parsed-line.ts'
import { LinePositions } from './positions.ts'
import type { Slot } from './sources.ts'

export interface BatchesOutlet {
  /** A closed batch. Its body's buffer is the outlet's until it is given back to the pool. */
  batch(batch: Batch): void
  /** Reading positions that become safe once all batches handed on so far are. */
  positions(positions: Record<string, unknown>): void
}

/** The open batches of a lane, one for each output. */
export class LaneBatches {
  readonly pool: BufferPool
  readonly positions = new LinePositions()
  /** When the next batch is due, ms since the epoch. */
  due = Number.POSITIVE_INFINITY
  readonly #outlet: BatchesOutlet
  readonly #counters: LaneCounters
  readonly #batches: OpenBatch[]
  readonly #dropRules: string[]
  /** By decision index: which open batches an event goes to, and which counters it moves. */
  readonly #targets: OpenBatch[][] = []
  readonly #moved: Int32Array[] = []

  constructor(options: LaneOptions, dropRules: string[], counters: LaneCounters, outlet: BatchesOutlet) {
    this.#outlet = outlet
    this.#counters = counters
    this.#dropRules = dropRules
    this.pool = new BufferPool(options.credits)
    const shape = options.shape === 'ecs' ? new EcsShape() : new LogstashShape()
    this.#batches = options.outputs.map(({ name, index }, place) => {
      const lastNumber = options.resume?.numbers[name] ?? 0
      return new OpenBatch({ output: name, place, stream: options.stream, lastNumber, pool: this.pool, shape, index })
    })
  }

  /** True when any output gets events of this slot. */
  wants(slot: Slot): boolean {
    return (this.#targets[slot.decision.index] ?? this.#prepare(slot)).length > 0
  }

  /** Counts an event that no output gets. */
  skip({ decision }: Slot): void {
    const { values } = this.#counters
    const moved = this.#moved[decision.index]
    for (let i = 0; i < moved.length; i++) values[moved[i]]++
  }

  /** Counts an event that is discarded since the buffer is nearly full. */
  shed(slot: Slot): void {
    this.skip(slot)
    const { values, shed } = this.#counters
    for (const batch of this.#targets[slot.decision.index]) values[shed + this.#batches.indexOf(batch)]++
  }

  /** @param indexTime in the day whose index the event belongs to */
  add(line: ParsedLine, slot: Slot, indexTime: number): void {
    this.skip(slot)
    const targets = this.#targets[slot.decision.index]
    for (let i = 0; i < targets.length; i++) {
      const batch = targets[i]
      if (batch.complete || batch.lacksRoomFor(line)) this.#close(batch)
      batch.add(line, slot, indexTime)
      if (batch.due < this.due) this.due = batch.due
    }
  }

  #prepare({ decision }: Slot): OpenBatch[] {
    const { skipped, dropped } = this.#counters
    const targets = this.#batches.filter((batch) => decision.outputs.includes(batch.output))
    const moved = this.#batches.flatMap((batch, place) => (targets.includes(batch) ? [] : [skipped + place]))
    if (decision.drop !== null) moved.splice(0, moved.length, dropped + this.#dropRules.indexOf(decision.drop))
    else if (targets.length === 0) moved.push(ARCHIVED_ONLY)
    this.#targets[decision.index] = targets
    this.#moved[decision.index] = Int32Array.from(moved)
    return targets
  }

  closeComplete(): void {
    for (let i = 0; i < this.#batches.length; i++) if (this.#batches[i].complete) this.#close(this.#batches[i])
  }

  closeDue(now: number): void {
    this.due = Number.POSITIVE_INFINITY
    for (const batch of this.#batches) {
      if (now >= batch.due) this.#close(batch)
      else if (batch.due < this.due) this.due = batch.due
    }
  }

  closeAll(): void {
    for (const batch of this.#batches) this.#close(batch)
    this.due = Number.POSITIVE_INFINITY
  }

  /** Lines that no output gets have positions too; no batch carries those. */
  handOnPositions(): void {
    if (this.positions.empty || this.#batches.some((batch) => batch.count > 0)) return
    this.#outlet.positions(this.positions.take())
  }

  /**
   * Hands a batch on, with the positions of the lines so far: they are safe when it is. With several outputs their
   * batches must all be safe first, so all are closed and the positions follow by themselves.
   */
  #close(batch: OpenBatch): void {
    if (this.positions.empty) {
      this.#handOn(batch)
      return
    }
    const positions = this.positions.take()
    if (this.#batches.length === 1) {
      this.#handOn(batch, positions)
      return
    }
    for (const each of this.#batches) this.#handOn(each)
    this.#outlet.positions(positions)
  }

  #handOn(batch: OpenBatch, positions?: Record<string, unknown>): void {
    const closed = batch.close()
    if (closed !== null) this.#outlet.batch(positions === undefined ? closed : { ...closed, positions })
  }
}

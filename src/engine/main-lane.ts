import type { PatternCounts } from '../dataset/pattern-counters.ts'
import { Lane } from '../lane/lane.ts'
import type { LaneOptions } from '../lane/options.ts'
import type { SetAside } from '../lane/outlet.ts'
import type { SeenReport } from '../lane/seen.ts'
import type { LineSink } from '../lane/sink.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { StreamFile } from '../ledger/stream-file.ts'
import type { Sender } from '../receive/sender.ts'
import type { Intake } from './intake.ts'

export interface MainLaneOptions {
  lane: LaneOptions
  intake: Intake
  ledger: Ledger
  seen: (reports: SeenReport[]) => void
  patterns: (counts: PatternCounts[]) => void
  setAside: (about: SetAside) => void
  captureStopped: (reason: string) => void
  /** tail: what else the stream's counters need to know, see StreamMeta. */
  rereads?: { before: Record<string, number> }
  /** tail: makes positions safe that no batch carries. */
  savePositions?: (positions: Record<string, unknown>) => Promise<void>
}

/**
 * A lane on the main thread, for inputs that live on the event loop and can be slowed down: TCP and files. Ticks by a
 * timer while there is something to hand on, and its batches go straight to the buffer.
 */
export class MainLane implements LineSink {
  readonly #lane: Lane
  readonly #file: StreamFile
  #timer: NodeJS.Timeout | undefined
  readonly #appending = new Set<Promise<void>>()

  constructor({
    lane,
    intake,
    ledger,
    seen,
    patterns,
    setAside,
    captureStopped,
    rereads,
    savePositions,
  }: MainLaneOptions) {
    this.#lane = new Lane(lane, {
      batch: (batch) => {
        // What is appended must never be more than what is known to be received.
        this.#writeCounters()
        const appended = intake.batch(batch, true).then(() => {
          this.#appending.delete(appended)
          this.#lane.giveBack(batch.body)
        })
        this.#appending.add(appended)
      },
      positions: (positions) => {
        void Promise.all(this.#appending).then(() => savePositions?.(positions))
      },
      archive: (parts) => intake.archive(parts),
      seen,
      patterns,
      setAside,
      captureStopped,
      counters: () => this.#writeCounters(),
    })
    const more = rereads === undefined ? {} : { rereads: true, before: rereads.before }
    const meta = { stream: lane.stream, input: lane.input, lane: 0, started: Date.now(), ...more }
    this.#file = StreamFile.create(ledger.streams, meta, this.#lane.counters.names)
  }

  /** Counts lines, and keeps the counts: called before any of them is pushed. */
  received(lines: number, bytes: number, refused: number): void {
    this.#lane.received(lines, bytes, refused)
  }

  /** Counts one line; the counters are kept with its batch. For inputs that read a line again after a crash. */
  count(bytes: number): void {
    this.#lane.count(1, bytes)
  }

  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    sender: Sender,
    receivedAt: number,
    truncated = false,
    position?: { key: string; value: unknown },
  ): void {
    this.#lane.push(bytes, start, end, sender, receivedAt, truncated, position)
    this.#timer ??= setTimeout(() => this.#tick(), this.#lane.tick(receivedAt))
  }

  together(push: () => void): void {
    this.#lane.together(push)
  }

  get full(): boolean {
    return this.#lane.full
  }

  whenReady(): Promise<void> {
    return this.#lane.whenReady()
  }

  /** Hands on everything; the intake then holds what is not yet safe. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#lane.flush()
    this.#file.close()
  }

  #tick(): void {
    const wait = this.#lane.tick(Date.now())
    this.#timer = this.#lane.idle ? undefined : setTimeout(() => this.#tick(), wait)
  }

  #writeCounters(): void {
    const { values } = this.#lane.counters
    for (let i = 0; i < values.length; i++) this.#file.set(i, values[i])
    this.#file.write()
  }
}

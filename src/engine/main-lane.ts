import type { LaneOutlet } from '../lane/lane.ts'
import { Lane } from '../lane/lane.ts'
import type { LaneOptions } from '../lane/options.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { StreamFile } from '../ledger/stream-file.ts'
import type { Intake } from './intake.ts'

/**
 * A lane on the main thread, for inputs that live on the event loop: TCP, files, node:dgram. Ticks by a timer, and its
 * batches go straight to the buffer.
 */
export class MainLane {
  readonly lane: Lane
  readonly #file: StreamFile
  #timer: NodeJS.Timeout | undefined

  constructor(options: {
    lane: LaneOptions
    intake: Intake
    ledger: Ledger
    canWait: boolean
    rereads?: boolean
    before?: Record<string, number>
    onPositions?: (positions: Record<string, unknown>) => void
  }) {
    const { intake, ledger, canWait } = options
    const outlet: LaneOutlet = {
      batch: (batch) => {
        void intake.batch(batch, canWait).then(() => this.lane.giveBack(ownBuffer(batch.body)))
      },
      archive: (parts) => intake.archive(parts),
      seen: (reports) => ledger.seen(reports),
      counters: (values) => {
        for (let i = 0; i < values.length; i++) this.#file.set(i, values[i])
        this.#file.write()
      },
    }
    this.lane = new Lane(options.lane, outlet)
    const { stream, input } = options.lane
    const meta = { stream, input, lane: 0, started: Date.now(), rereads: options.rereads, before: options.before }
    this.#file = StreamFile.create(ledger.streams, meta, this.lane.counters.names)
    this.#tick()
  }

  #tick(): void {
    this.#timer = setTimeout(() => this.#tick(), this.lane.tick(Date.now()))
  }

  /** Hands on everything; the intake then holds what is not yet safe. */
  stop(): void {
    clearTimeout(this.#timer)
    this.lane.flush()
    this.#file.close()
  }
}

/** The whole buffer below a body, for the pool. */
function ownBuffer(body: Uint8Array): ArrayBuffer | null {
  return body.buffer instanceof ArrayBuffer ? body.buffer : null
}

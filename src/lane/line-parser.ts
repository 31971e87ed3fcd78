import { eventsOf } from '../deliver/bulk-lines.ts'
import type { Sender } from '../receive/sender.ts'
import { Lane } from './lane.ts'
import type { LaneOptions } from './options.ts'

/** A lane whose events are wanted here and now: nothing is archived, delivered or counted. */
export class LineParser {
  readonly #lane: Lane
  readonly #emit: (document: Uint8Array) => void

  /**
   * Every event is wanted, also those that routes keep from outputs; what a rule drops stays dropped.
   * @param emit gets each event's JSON; the bytes are the lane's again after the call
   */
  constructor(options: LaneOptions, emit: (document: Uint8Array) => void) {
    this.#emit = emit
    const routes = options.routes.map(({ deliver: _, ...route }) => route)
    const outputs = [{ name: 'here', index: '-' }]
    this.#lane = new Lane(
      { ...options, routes, outputs },
      {
        batch: ({ body }) => {
          for (const { documentStart, documentEnd } of eventsOf(body))
            this.#emit(body.subarray(documentStart, documentEnd))
          this.#lane.giveBack(null)
        },
        archive() {},
        seen() {},
        positions() {},
        counters() {},
        captureStopped() {},
      },
    )
  }

  push(line: Uint8Array, sender: Sender, receivedAt: number): void {
    this.#lane.push(line, 0, line.length, sender, receivedAt)
  }

  /** Emits the events of all lines so far. */
  flush(): void {
    this.#lane.flush()
  }
}

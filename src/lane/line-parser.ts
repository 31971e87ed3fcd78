import { eventsOf } from '../deliver/bulk-lines.ts'
import { Sender } from '../receive/sender.ts'
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

/** The events of a few lines, which came one right after the other from one sender. */
export function eventsFrom(
  options: LaneOptions,
  lines: readonly (string | Uint8Array)[],
  receivedAt: number,
  from = '127.0.0.1',
): Record<string, unknown>[] {
  const events: Record<string, unknown>[] = []
  const parser = new LineParser(options, (document) => events.push(JSON.parse(Buffer.from(document).toString())))
  const sender = new Sender(from, true)
  for (const line of lines) parser.push(typeof line === 'string' ? Buffer.from(line) : line, sender, receivedAt)
  parser.flush()
  return events
}

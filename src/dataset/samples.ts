import { newStream } from '../event/ids.ts'
import { LineParser } from '../lane/line-parser.ts'
import type { LaneOptions } from '../lane/options.ts'
import { Sender } from '../receive/sender.ts'
import { type Difference, differences } from './dotted.ts'
import type { Sample } from './format.ts'

/** Samples without a time of reception came then. */
const RECEIVED = Date.parse('2026-11-23T03:14:22Z')

export interface SampleResult {
  /** The events that the lines made: one, unless `multiline` does not join them. */
  events: Record<string, unknown>[]
  differences: Difference[]
}

/** Runs samples through lanes, the very ones of `sluice run`. */
export class SampleRunner {
  readonly #options: LaneOptions
  readonly #parsers = new Map<string, LineParser>()
  readonly #sender = new Sender('127.0.0.1', true)
  #events: Record<string, unknown>[] = []

  constructor(options: LaneOptions) {
    this.#options = { ...options, archive: null }
  }

  /** Several events, or none, are a difference too. */
  run({ line, program, received, shape = this.#options.shape, expect }: Sample): SampleResult {
    const parser = this.#parser(shape, program)
    this.#events = []
    const at = received === undefined ? RECEIVED : Date.parse(received)
    for (const text of line) parser.push(Buffer.from(text), this.#sender, at)
    parser.flush()
    const events = this.#events
    const [event] = events
    const count = events.length === 1 ? [] : [{ field: '(events)', wanted: 1, got: events.length }]
    return { events, differences: [...count, ...(event === undefined ? [] : differences(expect, event))] }
  }

  #parser(shape: LaneOptions['shape'], program: string | undefined): LineParser {
    const key = `${shape} ${program ?? ''}`
    let parser = this.#parsers.get(key)
    if (parser === undefined) {
      const fixed = program === undefined ? {} : { fixed: { program, host: 'localhost' } }
      parser = new LineParser({ ...this.#options, stream: newStream(), shape, ...fixed }, (document) =>
        this.#events.push(JSON.parse(Buffer.from(document).toString())),
      )
      this.#parsers.set(key, parser)
    }
    return parser
  }
}

import { newStream } from '../event/ids.ts'
import { eventsFrom } from '../lane/line-parser.ts'
import type { LaneOptions } from '../lane/options.ts'
import { type Difference, differences } from './dotted.ts'
import type { Sample } from './format.ts'

/** Samples without a time of reception came then. */
const RECEIVED = Date.parse('2026-11-23T03:14:22Z')

export interface SampleResult {
  /** The events that the lines made: one, unless `multiline` does not join them. */
  events: Record<string, unknown>[]
  differences: Difference[]
}

/** Runs one sample through a lane; several events, or none, are a difference too. */
export function runSample(options: LaneOptions, sample: Sample): SampleResult {
  const { line, program, received, shape = options.shape, expect } = sample
  const fixed = program === undefined ? options.fixed : { program, host: 'localhost' }
  const lane: LaneOptions = { ...options, stream: newStream(), shape, archive: null, ...(fixed && { fixed }) }
  const events = eventsFrom(lane, line, received === undefined ? RECEIVED : Date.parse(received))
  const [event] = events
  const count = events.length === 1 ? [] : [{ field: '(events)', wanted: 1, got: events.length }]
  return { events, differences: [...count, ...(event === undefined ? [] : differences(expect, event))] }
}

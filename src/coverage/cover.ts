import { eventsOf } from '../deliver/bulk-lines.ts'
import { JOINED } from '../lane/counters.ts'
import { Lane } from '../lane/lane.ts'
import type { LaneOptions } from '../lane/options.ts'
import type { Recording } from '../replay/recording.ts'
import { marked } from './marks.ts'
import type { CoverageTally } from './tally.ts'

export interface Covered {
  /** Lines read. */
  lines: number
  /** Lines that became part of the event of a line before. */
  joined: number
  /** Lines that a rule dropped. */
  dropped: number
}

/**
 * Sends recorded lines through a lane, the very one of `sluice run`, and counts what became of them.
 * What routes keep from outputs is counted too.
 */
export async function cover(options: LaneOptions, recording: Recording, tally: CoverageTally): Promise<Covered> {
  const program = options.fixed?.program
  let events = 0
  let joined = 0
  const routes = options.routes.map(({ deliver: _, ...route }) => route)
  const lane = new Lane(
    {
      ...options,
      routes,
      datasets: marked(options.datasets) ?? null,
      shape: 'ecs',
      archive: null,
      outputs: [{ name: 'here', index: '-' }],
    },
    {
      batch({ body }) {
        for (const { documentStart, documentEnd } of eventsOf(body)) {
          events++
          tally.add(body.subarray(documentStart, documentEnd), program)
        }
        lane.giveBack(null)
      },
      counters(values) {
        joined = values[JOINED]
      },
      archive() {},
      seen() {},
      positions() {},
      captureStopped() {},
    },
  )
  for await (const lines of recording.read()) {
    for (const { bytes, start, end, sender, receivedAt } of lines) lane.push(bytes, start, end, sender, receivedAt)
  }
  lane.flush()
  return { lines: recording.lines, joined, dropped: recording.lines - events - joined }
}

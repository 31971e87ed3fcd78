import { setTimeout as delay } from 'node:timers/promises'
import { send } from './support/load.ts'
import { withSubject } from './support/measure.ts'
import { residentMegabytes } from './support/process.ts'
import type { Progress, Section } from './support/section.ts'
import { shapes, subject } from './support/sluice.ts'
import { settled } from './support/subject.ts'
import { figure } from './support/table.ts'

const RATE = 1000
/** Rows of the table. */
const LOOKS = 12

/** The whole chain under a steady load for long: does its memory stay what it was, and is every line there in the end? */
export async function* runSoak(options: {
  captures: readonly string[]
  minutes: number
  progress: Progress
}): AsyncGenerator<Section> {
  const { captures, minutes, progress } = options
  const seconds = minutes * 60
  const chain = subject(shapes.chain)
  yield await withSubject(chain, async (running) => {
    const sending = send({ to: running.udp, captures, rate: RATE, seconds })
    const names = [...running.pids.keys()]
    const rows: string[][] = []
    for (let look = 1; look <= LOOKS; look++) {
      await delay((seconds * 1000) / LOOKS)
      const minute = (look * minutes) / LOOKS
      rows.push([figure(minute), ...[...running.pids.values()].map((pid) => figure(residentMegabytes(pid).now))])
      progress(`minute ${figure(minute)} of ${minutes}`)
    }
    const { sent } = await sending
    const handled = await settled(running, sent)
    return {
      title: `${chain.name}: ${RATE.toLocaleString('en')} lines/s over UDP for ${minutes} minutes, RSS in MB`,
      head: ['minute', ...names],
      rows,
      notes: [`${sent.toLocaleString('en')} lines sent, ${(sent - handled).toLocaleString('en')} of them missing.`],
      figures: { sent, handled, rows },
    }
  })
}

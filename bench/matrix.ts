import { highestRate, idleMemory, type Measurement, measure, total, withSubject } from './support/measure.ts'
import type { Progress, Section } from './support/section.ts'
import { shapes, subject } from './support/sluice.ts'
import { memory } from './support/subject.ts'
import { figure } from './support/table.ts'

const CONFIGURATIONS = ['receive', 'archive', 'store', 'redis', 'chain', 'elasticsearch'] as const
/** The reference platform's load, and ten times that, in lines a second. */
const REFERENCE = 4500 / 60
const STEADY_SECONDS = 10
const TRIAL_SECONDS = 3
const LOWEST_RATE = 20_000

interface Row {
  name: string
  startMillis: number
  idle: number
  peak: number
  reference: Measurement
  tenfold: Measurement
  highest: Measurement | null
}

/** Each configuration of sluice at the reference load, at ten times that, and as fast as goes without loss. */
export async function* runMatrix(options: {
  captures: readonly string[]
  only: readonly string[] | undefined
  seconds: number
  progress: Progress
}): AsyncGenerator<Section> {
  const { captures, progress } = options
  const chosen = CONFIGURATIONS.filter((name) => options.only?.includes(name) ?? true)
  const rows: Row[] = []
  for (const key of chosen) {
    const { name } = shapes[key]
    rows.push(
      await withSubject(subject(shapes[key]), async (running) => {
        const idle = await idleMemory(running)
        const steady = (rate: number): Promise<Measurement> => {
          progress(`${name}: ${Math.round(rate * 60)} lines a minute`)
          return measure(running, { captures, transport: 'udp', rate, seconds: STEADY_SECONDS })
        }
        const reference = await steady(REFERENCE)
        const tenfold = await steady(REFERENCE * 10)
        const highest = await highestRate(running, {
          ...{ captures, seconds: options.seconds, trial: TRIAL_SECONDS, from: LOWEST_RATE },
          progress: (text) => progress(`${name}: ${text}`),
        })
        const { startMillis } = running
        return { name, startMillis, idle, peak: memory(running).peak, reference, tenfold, highest }
      }),
    )
  }
  yield {
    title: 'sluice: what a line costs and how many go through (UDP, one lane)',
    head: [
      'configuration',
      'lines/s without loss',
      'CPU s/million at that',
      'at 75/s',
      'at 750/s',
      'bytes a line to Redis',
      'to the bulk server',
      'RSS idle MB',
      'peak',
      'start ms',
    ],
    rows: rows.map(({ name, highest, reference, tenfold, idle, peak, startMillis }) => [
      name,
      figure(highest?.rate),
      highest === null ? '–' : cpuText(highest.cpu),
      figure(total(reference.cpu)),
      figure(total(tenfold.cpu)),
      bytesALine(tenfold, 'toRedis'),
      bytesALine(tenfold, 'toBulk'),
      figure(idle),
      figure(peak),
      figure(startMillis),
    ]),
    notes: [],
    figures: rows,
  }
  const timed = rows.filter(({ reference }) => reference.latency.length > 0)
  if (timed.length > 0) {
    yield {
      title: 'Milliseconds from sending a datagram to its arrival at the bulk server (p50, p99, p99.9)',
      head: ['configuration', 'at 4,500/min', 'at 45,000/min', 'at the highest rate'],
      rows: timed.map(({ name, reference, tenfold, highest }) => [
        name,
        ...[reference, tenfold, highest].map((one) => one?.latency.map(figure).join(', ') || '–'),
      ]),
      notes: [],
      figures: null,
    }
  }
}

function bytesALine({ extras, handled }: Measurement, name: string): string {
  const bytes = extras[name]
  return bytes === undefined ? '–' : figure(bytes / handled)
}

function cpuText(cpu: Measurement['cpu']): string {
  const parts = Object.entries(cpu)
  return parts.length === 1
    ? figure(total(cpu))
    : `${figure(total(cpu))} (${parts.map(([name, one]) => `${name} ${figure(one)}`).join(', ')})`
}

import { loadDatasets } from '../src/dataset/load.ts'
import { newStream } from '../src/event/ids.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import { highestRate, type Measurement, total, withSubject } from './support/measure.ts'
import type { Progress, Section } from './support/section.ts'
import { shapes, subject } from './support/sluice.ts'
import { memory } from './support/subject.ts'
import { figure } from './support/table.ts'
import { BenchLane, LANE, Lines, STORE } from './timing.ts'

const ROUNDS = 8
const LANES = [1, 2]
const LINES = 20_000
const MESSAGE = 'Accepted publickey for ubuntu from 192.0.2.7 port 40780 ssh2: RSA SHA256:abcdefghijklmnop'

/** CPU of a lane per line as something grows: hosts, routes, datasets, the line itself. Everything else stays as it is. */
export async function* runGrowth(options: {
  captures: readonly string[]
  seconds: number
  progress: Progress
}): AsyncGenerator<Section> {
  yield costOfALine(options.progress)
  yield await withMoreLanes(options)
}

function costOfALine(progress: Progress): Section {
  const definitions = loadDatasets([])
  const usual = { outputs: STORE, archive: '/x/${host}/${service}.log', datasets: { definitions, patterns: [] } }
  const cases: [
    what: string,
    unit: string,
    sizes: number[],
    make: (size: number) => [string[], Partial<LaneOptions>],
  ][] = [
    ['hosts', '', [10, 1000, 10_000], (size) => [texts((i) => sshd(`host${(i * 7919) % size}`)), usual]],
    [
      'routes',
      '',
      [1, 10, 50, 200],
      (size) => [texts((i) => sshd(`host${i % 50}`)), { ...usual, routes: routes(size) }],
    ],
    [
      'datasets',
      ' files',
      [1, 10, 30, definitions.length],
      (size) => [
        texts((i) => sshd(`host${i % 50}`)),
        { ...usual, datasets: { definitions: some(size), patterns: [] } },
      ],
    ],
    [
      'length of a line',
      ' bytes',
      [100, 300, 1000, 8000],
      (size) => [texts((i) => sshd(`host${i % 50}`).padEnd(size, ' the quick brown fox'), 2000), usual],
    ],
  ]
  /** So many, the one that the lines need among them. */
  function some(count: number) {
    const wanted = definitions.filter(({ dataset }) => dataset === 'sshd')
    return [...wanted, ...definitions.filter((one) => !wanted.includes(one))].slice(0, count)
  }

  const rows: string[][] = []
  const figures: { what: string; size: number; micros: number }[] = []
  for (const [what, unit, sizes, make] of cases) {
    const lanes = sizes.map((size) => {
      const [lines, options] = make(size)
      return { size, lines: new Lines(lines), lane: new BenchLane({ ...LANE, stream: newStream(), ...options }) }
    })
    for (let round = 0; round < ROUNDS; round++) {
      progress(`${what}, round ${round + 1}`)
      for (const { lines, lane } of lanes) lane.round(lines)
    }
    for (const { size, lane } of lanes) {
      rows.push([what, `${size.toLocaleString('en')}${unit}`, figure(lane.best)])
      figures.push({ what, size, micros: lane.best })
    }
  }
  return {
    title: 'µs of CPU a line in the lane (header, route, grok, archive line, event) as one thing grows',
    ...{ head: ['what', 'how many', 'µs'], rows, notes: [], figures },
  }
}

/** More receiving threads: what they let through, and what that costs. */
async function withMoreLanes({
  captures,
  seconds,
  progress,
}: {
  captures: readonly string[]
  seconds: number
  progress: Progress
}): Promise<Section> {
  const rows: string[][] = []
  const figures: { name: string; lanes: number; highest: Measurement | null; peak: number }[] = []
  for (const shape of [shapes.archive, shapes.bulk]) {
    for (const lanes of LANES) {
      await withSubject(subject({ ...shape, lanes }), async (running) => {
        const { name } = shape
        const highest = await highestRate(running, {
          ...{ captures, seconds, trial: 3, from: 50_000 },
          progress: (text) => progress(`${name}, ${lanes} lanes: ${text}`),
        })
        const { peak } = memory(running)
        rows.push([
          name,
          String(lanes),
          figure(highest?.rate),
          figure(highest ? total(highest.cpu) : undefined),
          figure(peak),
        ])
        figures.push({ name, lanes, highest, peak })
      })
    }
  }
  const head = ['', 'lanes', 'UDP lines/s without loss', 'CPU s/million at that', 'RSS peak MB']
  const notes = ['The sender and the bulk server run on the same cores.']
  return { title: 'More lanes', head, rows, notes, figures }
}

function texts(make: (index: number) => string, count = LINES): string[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function sshd(host: string): string {
  return `<38>Nov 23 03:14:21 ${host} sshd[4711]: ${MESSAGE}`
}

/** As platforms have them: by program and host, none of them for the lines sent but the last. */
function routes(count: number): LaneOptions['routes'] {
  const others = Array.from({ length: count - 1 }, (_, i) => ({
    name: `route${i}`,
    filter: `program("service${i}") and host("^controller")`,
  }))
  return [...others, { name: 'last', filter: 'program("sshd")' }]
}

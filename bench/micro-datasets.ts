/**
 * CPU of a lane per line, without and with all shipped datasets: header, route, grok, event, batch; nothing is written
 * anywhere. Each lane has a thread of its own, and rounds of the two alternate, so that both see the same machine. V8
 * comes to the last form of its code within about a million lines.
 *
 *     node bench/micro-datasets.ts [--rounds N] [--shape logstash] FILE…      (FILE: plain syslog lines)
 *
 * Each file by itself, all of them mixed, and lines that match nothing.
 */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { loadDatasets } from '../src/dataset/load.ts'
import { newStream } from '../src/event/ids.ts'
import { LineParser } from '../src/lane/line-parser.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import { IsolatedLane } from './support/isolated-lane.ts'
import { LANE, Lines, STORE } from './timing.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '40' }, shape: { type: 'string', default: 'ecs' } },
})
const datasets = { definitions: loadDatasets([]), patterns: [] }
const base: LaneOptions = {
  ...LANE,
  stream: newStream(),
  shape: values.shape === 'logstash' ? 'logstash' : 'ecs',
  outputs: STORE,
}

const files = positionals.map((file) => ({ name: basename(file), lines: Lines.read(file) }))
/** Lines of one file that stay together in the mix. */
const TOGETHER = 100
const HEADER = '<38>Nov 23 03:14:21 controller'
/** Of a program that no dataset names; and of one that has dozens of patterns. */
const STRANGER = `${HEADER} frobnicator[4711]: the frobs were nicated in 12 ms by worker 7, all is well`
const UNKNOWN = `${HEADER} sshd[4711]: The frobs were nicated in 12 ms by worker 7, all is well`
const cases = [
  ...files,
  ...(files.length > 1 ? [{ name: 'all of them, mixed', lines: mixed(files.map(({ lines }) => lines)) }] : []),
  { name: 'a program without dataset', lines: Array<string>(1000).fill(STRANGER) },
  { name: 'sshd, no pattern fits', lines: Array<string>(1000).fill(UNKNOWN) },
]
console.log(`${datasets.definitions.length} files of datasets; µs of CPU a line, best of ${values.rounds} rounds`)
console.log(row('', 'without', 'with', 'more', 'bytes', 'lines', 'matched'))
for (const { name, lines } of cases) {
  await using without = new IsolatedLane({ options: base, lines })
  await using full = new IsolatedLane({ options: { ...base, datasets }, lines })
  for (let round = 0; round < Number(values.rounds); round++) {
    await without.round()
    await full.round()
  }
  const figures = [without.best, full.best, full.best - without.best].map((n) => n.toFixed(3))
  const share = `${(matched(lines) * 100).toFixed(1)} %`
  console.log(row(name, ...figures, full.size.toFixed(0), String(lines.length), share))
}

function row(name: string, ...cells: string[]): string {
  return name.padEnd(36) + cells.map((cell) => cell.padStart(9)).join('')
}

/** The files' lines, each file's spread evenly, by the hundred: lines of one time are of one day. */
function mixed(lists: readonly string[][]): string[] {
  return lists
    .flatMap((lines) =>
      lines.map((line, i) => ({ line, place: (Math.floor(i / TOGETHER) * TOGETHER + 0.5) / lines.length })),
    )
    .sort((a, b) => a.place - b.place)
    .map(({ line }) => line)
}

/** The share of events that got a dataset, and of its patterns one that fits. */
function matched(lines: readonly string[]): number {
  let fitting = 0
  let all = 0
  const parser = new LineParser({ ...base, datasets }, (document) => {
    const text = Buffer.from(document).toString()
    all++
    if (text.includes(',"dataset":"') && !text.includes('"_grokparsefailure"')) fitting++
  })
  new Lines(lines).pushTo(parser)
  parser.flush()
  return fitting / all
}

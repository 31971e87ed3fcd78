/**
 * CPU of a lane per line: header, route, archive line, event, batch; nothing is written anywhere.
 *
 *     node bench/micro-lane.ts FILE [ROUNDS]      (FILE: plain syslog lines)
 */
import { newStream } from '../src/event/ids.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import { BenchLane, LANE, Lines, STORE } from './timing.ts'

const [file, rounds = '12'] = process.argv.slice(2)
const lines = new Lines(Lines.read(file))
const base: LaneOptions = { ...LANE, stream: newStream() }
const archive = '/x/${host}/${service}.log'
const outputs = STORE
const cases: [string, LaneOptions][] = [
  ['header + route', base],
  ['… + archive line', { ...base, archive }],
  ['… + event (ecs)', { ...base, outputs }],
  ['… + event (logstash)', { ...base, outputs, shape: 'logstash' }],
  ['… + archive line + event (ecs)', { ...base, archive, outputs }],
]
const lanes = cases.map(([name, options]) => ({ name, lane: new BenchLane(options) }))
for (let round = 0; round < Number(rounds); round++) for (const { lane } of lanes) lane.round(lines)
for (const { name, lane } of lanes)
  console.log(`${name.padEnd(32)} ${lane.best.toFixed(3)} µs a line  ${lane.size.toFixed(0)} bytes`)

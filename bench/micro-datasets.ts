/**
 * CPU of a lane per line with datasets: header, route, grok, event, batch; nothing is written anywhere.
 * node bench/micro-datasets.ts FILE [ROUNDS] [ecs|logstash]   (FILE: plain syslog lines)
 */
import { readFileSync } from 'node:fs'
import { loadDatasets } from '../src/dataset/load.ts'
import { newStream } from '../src/event/ids.ts'
import { Lane } from '../src/lane/lane.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import { Sender } from '../src/receive/sender.ts'

const [file, rounds = '8', shape = 'ecs'] = process.argv.slice(2)
const lines = readFileSync(file).toString('latin1').split('\n').filter(Boolean).slice(0, 30_000)
const ring = Buffer.alloc(lines.reduce((sum, line) => sum + line.length + 4, 0))
const offsets: number[] = [0]
for (const line of lines)
  offsets.push(
    offsets[offsets.length - 1] +
      ring.write(line.startsWith('<') ? line : `<38>${line}`, offsets[offsets.length - 1], 'latin1'),
  )

const before = performance.now()
const datasets = { definitions: loadDatasets([]), patterns: [] }
console.log(`${datasets.definitions.length} files loaded in ${(performance.now() - before).toFixed(0)} ms`)
const base: LaneOptions = {
  stream: newStream(),
  input: 'bench',
  shape: shape === 'logstash' ? 'logstash' : 'ecs',
  timezone: 'UTC',
  senders: [],
  routes: [{ name: 'all' }],
  filters: {},
  archive: null,
  outputs: [{ name: 'store', index: 'syslog-%Y.%m.%d' }],
  window: { back: 1e13, ahead: 1e13 },
  credits: 8,
}
const now = Date.parse('2026-11-23T03:14:21Z')
const sender = new Sender('127.0.0.1', true)
for (const [name, options] of [
  ['header + route + event', base],
  ['… with datasets', { ...base, datasets }],
] satisfies [string, LaneOptions][]) {
  let bytes = 0
  const lane = new Lane(options, {
    batch(batch) {
      bytes += batch.body.length
      lane.giveBack(batch.body.buffer instanceof ArrayBuffer ? batch.body.buffer : null)
    },
    archive() {},
    seen() {},
    positions() {},
    counters() {},
    captureStopped() {},
  })
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < Number(rounds); round++) {
    const start = process.cpuUsage()
    for (let i = 0; i < lines.length; i++) lane.push(ring, offsets[i], offsets[i + 1], sender, now)
    lane.flush()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / lines.length)
  }
  console.log(
    `${name.padEnd(24)} ${best.toFixed(3)} µs a line  ${(bytes / lines.length / Number(rounds)).toFixed(0)} bytes`,
  )
}
console.log(`memory ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB`)

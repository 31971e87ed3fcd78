/**
 * The embedded store: CPU per million events taken, bytes an event on disk, query times, memory.
 *
 *   node bench/store.ts DIR-OR-FILES… [--events 1000000] [--group 10]
 *
 * The lines of the given logs become events in the ECS shape, in batches of 1,000, `--group` batches a delivery.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Batch } from '../src/buffer/buffer.ts'
import { Store } from '../src/deliver/store/store.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { events: { type: 'string', default: '1000000' }, group: { type: 'string', default: '10' } },
})
const total = Number(values.events)
const group = Number(values.group)
const files = positionals.flatMap((path) =>
  statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path],
)
const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
if (lines.length === 0) throw new Error('usage: node bench/store.ts DIR-OR-FILES… [--events N] [--group N]')

const HEADER = /^\w{3} [ \d]\d \d\d:\d\d:\d\d (\S+) ([\w/.-]+)(?:\[(\d+)\])?: (.*)$/
const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug']
const start = Date.now() - 3_600_000

function document(at: number): string {
  const line = lines[(at * 7919) % lines.length] ?? ''
  const [, host = `node${at % 9}`, program = 'nova-api', pid = String(at % 30000), message = line] =
    HEADER.exec(line) ?? []
  const time = start + Math.floor((at * 3_600_000) / total)
  const code = [6, 6, 6, 6, 5, 4, 7, 3][at % 8] ?? 6
  const level = LEVELS[code]
  return JSON.stringify({
    '@timestamp': new Date(time).toISOString(),
    message,
    event: { original: line, created: new Date(time + 4).toISOString(), dataset: 'syslog' },
    host: { name: host },
    process: { name: program, pid: Number(pid) },
    log: {
      level,
      syslog: { priority: 128 + code, facility: { code: 16, name: 'local0' }, severity: { code, name: level } },
      source: { address: `10.0.0.${at % 9}` },
    },
    sluice: { route: 'unrouted' },
  })
}

function batchOf(number: number): Batch {
  const from = (number - 1) * 1000
  let body = ''
  for (let at = from; at < from + 1000; at++) {
    const id = `5a17c0ffee5a17c0-${String(at).padStart(12, '0')}`
    const day = new Date(start + Math.floor((at * 3_600_000) / total)).toISOString().slice(0, 10).replaceAll('-', '.')
    body += `{"create":{"_index":"syslog-${day}","_id":"${id}"}}\n${document(at)}\n`
  }
  return {
    stream: '5a17c0ffee5a17c0',
    number,
    part: 0,
    output: 'store',
    count: 1000,
    body: Buffer.from(body),
    tally: [],
    received: { from: start, to: start },
  }
}

const path = mkdtempSync(join(tmpdir(), 'sluice-bench-store-'))
const before = process.memoryUsage().rss
const store = await Store.open({ path })
let cpu = 0
let bytes = 0
let wall = 0
let rss = 0
async function timed(work: () => Promise<unknown>): Promise<void> {
  const cpu0 = process.cpuUsage()
  const wall0 = performance.now()
  await work()
  const used = process.cpuUsage(cpu0)
  cpu += used.user + used.system
  wall += performance.now() - wall0
}
for (let number = 1; number <= total / 1000; number += group) {
  const batches = Array.from({ length: group }, (_, index) => batchOf(number + index))
  for (const { body } of batches) bytes += body.length
  await timed(async () => {
    await store.deliver(batches)
    if (number % 50 < group) await store.maintain() // waits for a seal under way, so that its CPU is counted
  })
  rss = Math.max(rss, process.memoryUsage().rss)
}
const mb = (size: number) => `${Math.round(size / 2 ** 20)} MiB`
console.log(`taken: ${(cpu / total).toFixed(2)} s CPU, ${((wall / total) * 1000).toFixed(2)} s wall a million events`)
console.log(`in: ${Math.round(bytes / total)} bytes an event; most memory: ${mb(rss)} (${mb(before)} before the store)`)

const queries: [string, () => AsyncIterable<unknown>][] = [
  ['histogram by minute', () => store.histogram({ interval: 60_000 })],
  ['histogram, warning and worse', () => store.histogram({ interval: 60_000, severity: [0, 1, 2, 3, 4] })],
  ['top programs', () => store.top({ field: 'program' })],
  ['text, frequent', () => store.query({ text: 'received' })],
  ['text, rare', () => store.query({ text: 'accepted publickey', doc: false })],
  ['text, rare, with documents', () => store.query({ text: 'accepted publickey' })],
  ['text, nowhere', () => store.query({ text: 'no-such-text' })],
  ['text histogram', () => store.histogram({ interval: 60_000, text: 'received' })],
  ['last 100', () => store.query({})],
  ['last 100 of a host', () => store.query({ host: ['node3'] })],
]
for (const [name, run] of queries) {
  const times: number[] = []
  let hits = 0
  for (let round = 0; round < 4; round++) {
    hits = 0
    const from = performance.now()
    for await (const _ of run()) hits++
    times.push(performance.now() - from)
  }
  console.log(`${name}: ${Math.min(...times).toFixed(0)} ms (first ${times[0]?.toFixed(0)} ms), ${hits} rows`)
}
await store.close()
const size = (of: string): number =>
  readdirSync(of, { withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isDirectory() ? size(join(of, entry.name)) : statSync(join(of, entry.name)).size),
    0,
  )
console.log(`on disk: ${Math.round(size(path) / total)} bytes an event`)
rmSync(path, { recursive: true })

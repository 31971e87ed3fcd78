/** The process of bulk-sink.ts. Says yes to everything, and looks at no more than it has to: it shares the cores. */
import { createServer, type ServerResponse } from 'node:http'
import { createHistogram } from 'node:perf_hooks'
import { createGunzip } from 'node:zlib'
import type { SinkReport } from './bulk-sink.ts'

const LF = 10
const PROBE = Buffer.from('sent=')
const HEAD = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' }
const INFO = '{"name":"sink","cluster_name":"sink","version":{"number":"9.5.3","build_flavor":"default"},"tagline":""}'

let events = 0
let requests = 0
let bytes = 0
let latency = createHistogram()

const server = createServer((request, response) => {
  const source = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request
  let lines = 0
  let afterFeed = true
  let tail: Buffer = Buffer.alloc(0)
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    // Some clients end a document's line twice: empty lines don't count.
    let start = 0
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, start)) {
      if (at > start || !afterFeed) lines++
      afterFeed = true
      start = at + 1
    }
    if (start < chunk.length) afterFeed = false
    tail = lookForProbes(tail, chunk)
  })
  source.on('end', () => {
    if (request.url?.includes('_bulk') === true) {
      requests++
      events += lines >> 1
      answer(response, bulkAnswer(lines >> 1, request.url))
    } else answer(response, request.method === 'GET' || request.method === 'HEAD' ? INFO : '{"acknowledged":true}')
  })
})

/** Returns what may be the beginning of a probe's number. */
function lookForProbes(tail: Buffer, chunk: Buffer): Buffer {
  const text = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
  let at = text.indexOf(PROBE)
  for (; at >= 0; at = text.indexOf(PROBE, at + 1)) {
    const end = text.indexOf(';', at)
    if (end < 0 || end - at > 40) break
    // The line stands in an event twice (message and original): seen in the first is enough.
    const sent = Number(text.toString('latin1', at + PROBE.length, end))
    const passed = performance.timeOrigin + performance.now() - sent
    if (passed > 0 && passed < 3_600_000) latency.record(Math.ceil(passed * 1000))
  }
  return at >= 0 ? text.subarray(at, at + 40) : text.subarray(Math.max(0, text.length - PROBE.length + 1))
}

const answers = new Map<string, string>()

/** As Elasticsearch writes it, with what `filter_path` leaves of it: made once for each number of events. */
function bulkAnswer(count: number, url: string): string {
  const isFiltered = url.includes('filter_path=')
  const withItems = !isFiltered || url.includes('items')
  const key = `${withItems ? count : 0} ${isFiltered}`
  let text = answers.get(key)
  if (text === undefined) {
    const items = withItems ? `,"items":[${Array(count).fill('{"create":{"status":201}}').join(',')}]` : ''
    text = `{${isFiltered ? '' : '"took":1,'}"errors":false${items}}`
    answers.set(key, text)
  }
  return text
}

function answer(response: ServerResponse, body: string): void {
  response.writeHead(200, { ...HEAD, 'content-length': Buffer.byteLength(body) }).end(body)
}

server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined })
})

// The benchmark is gone.
process.on('disconnect', () => process.exit())
process.on('message', (request: unknown) => {
  const { user, system } = process.cpuUsage()
  const at = (percentile: number) => latency.percentile(percentile) / 1000
  const report: SinkReport = {
    ...{ events, requests, bytes, cpu: (user + system) / 1e6 },
    latency: latency.count > 0 ? [at(50), at(99), at(99.9)] : [],
  }
  if (request === 'take latency') latency = createHistogram()
  process.send?.(report)
})

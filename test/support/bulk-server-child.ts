import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import type { BulkFaults } from './bulk-server.ts'
import { IdSet } from './bulk-server-ids.ts'

/** The process behind `startStandInBulk`. Answers as `_bulk` does when it is asked for statuses and errors only. */
const HEADERS = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' }
const LINE_FEED = 10
const TAKEN = '{"create":{"status":201}}'

let faults: BulkFaults = {}
const counts = { requests: 0, events: 0, repeated: 0, refused: 0, bytes: 0 }
const ids = new IdSet()

const server = createServer((request, response) => {
  answer(request, response).catch(() => request.socket.destroy())
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0] ?? ''
  const chunks: Buffer[] = await request.toArray()
  const received = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  if (!path.endsWith('/_bulk')) {
    if (path === '/') reply(response, 200, ABOUT)
    else if (request.method === 'GET' || request.method === 'HEAD') reply(response, 404, error('not_found', 'stand-in'))
    else reply(response, 200, '{"acknowledged":true}')
    return
  }
  counts.requests++
  const now = faults
  if (now.delay !== undefined) await delay(now.delay)
  if (now.close === 'before') request.socket.destroy()
  else if (received.length > (now.largest ?? Number.POSITIVE_INFINITY)) reply(response, 413, '')
  else if (now.status !== undefined) reply(response, now.status, error('stand_in_exception', 'told to refuse'))
  else {
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(received) : received
    const items = take(body, now)
    if (now.close === 'after') request.socket.destroy()
    else reply(response, 200, items)
  }
}

function take(body: Buffer, { refuse }: BulkFaults): string {
  counts.bytes += body.length
  const items: string[] = []
  let isPlain = true
  let repeated = 0
  for (let at = 0; at < body.length; ) {
    const actionEnd = body.indexOf(LINE_FEED, at)
    const documentEnd = body.indexOf(LINE_FEED, actionEnd + 1)
    if (actionEnd < 0 || documentEnd < 0) throw new Error('not in the form of _bulk')
    let item = TAKEN
    if (refuse && body.subarray(actionEnd, documentEnd).includes(refuse.containing)) {
      const { status, type, reason } = refuse
      item = JSON.stringify({ create: { status, error: { type, reason } } })
      counts.refused++
      isPlain = false
    } else if (!ids.add(body.toString('latin1', at, actionEnd))) {
      item = CONFLICT
      repeated++
      isPlain = false
    }
    items.push(item)
    at = documentEnd + 1
  }
  counts.repeated += repeated
  counts.events += isPlain ? items.length : items.filter((item) => item === TAKEN).length
  return `{"errors":${!isPlain},"items":[${items.join(',')}]}`
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { ...HEADERS, 'content-length': Buffer.byteLength(body) }).end(body)
}

function error(type: string, reason: string): string {
  return JSON.stringify({ error: { type, reason } })
}

const CONFLICT = `{"create":{"status":409,"error":${JSON.stringify({
  type: 'version_conflict_engine_exception',
  reason: 'document already exists',
})}}}`

const ABOUT = JSON.stringify({
  name: 'stand-in',
  cluster_name: 'stand-in',
  version: { number: '9.5.3', build_flavor: 'default' },
  tagline: 'You Know, for Search',
})

async function set(wanted: BulkFaults): Promise<void> {
  faults = wanted
  const isAway = wanted.away ?? false
  if (isAway === !server.listening) return
  if (isAway) {
    server.close().closeAllConnections()
    await once(server, 'close')
  } else {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
}

process.on('message', async ({ request }: { request: BulkFaults | 'counts' }) => {
  if (request !== 'counts') await set(request)
  const { user, system } = process.cpuUsage()
  process.send?.({ ...counts, cpu: (user + system) / 1000 })
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const port = typeof address === 'object' ? address?.port : undefined
process.send?.({ port })

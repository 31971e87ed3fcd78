import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import type { Batch } from '../../buffer/buffer.ts'
import { eventsOf } from '../bulk-lines.ts'
import { openClient } from './client.ts'
import { ElasticsearchOutput, type Happening } from './elasticsearch.ts'

/** An event as it arrives at the cluster. */
export interface Arrived {
  index: string
  id: string
  document: string
}

/** What the cluster says of one event: a status, and the error where there is one. */
export type Said = number | { status: number; type?: string; reason?: string; failureStore?: string }

/** The answer to a request: one for each event, or a status for all of it; `cut` ends the connection, `nothing` leaves it open. */
export type Script = (
  events: Arrived[],
  bytes: number,
) => Said[] | { status: number; body?: unknown } | 'cut' | 'nothing'

const Action = z.object({ create: z.object({ _index: z.string(), _id: z.string() }) })

/** An output in front of a cluster that answers as `script` says, for tests. `nodes`: names of the one server. */
export async function fakeCluster(
  script: Script,
  config: { size?: number; concurrency?: number; gzip?: boolean; deadIndex?: string | false; nodes?: string[] } = {},
) {
  const requests: Arrived[][] = []
  const happenings: Happening[] = []
  let answer = script
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent = Buffer.concat(await request.toArray())
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    response.setHeader('x-elastic-product', 'Elasticsearch')
    response.setHeader('content-type', 'application/vnd.elasticsearch+json;compatible-with=8')
    if (!request.url?.startsWith('/_bulk')) return void response.writeHead(404).end('{}')
    const events = Array.from(eventsOf(body), ({ actionStart, documentStart, documentEnd }): Arrived => {
      const { create } = Action.parse(JSON.parse(body.toString('utf8', actionStart, documentStart - 1)))
      return { index: create._index, id: create._id, document: body.toString('utf8', documentStart, documentEnd) }
    })
    requests.push(events)
    const said = answer(events, body.length)
    if (said === 'nothing') return
    if (said === 'cut') return void request.socket.destroy()
    if (!Array.isArray(said)) return void response.writeHead(said.status).end(JSON.stringify(said.body ?? {}))
    const items = said.map((one) => ({ create: itemOf(one) }))
    const isFine = said.every((one) => one === 201)
    response.end(JSON.stringify({ errors: !isFine, items }))
  }
  const server = createServer((request, response) => void reply(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  const { size = 5 << 20, concurrency = 1, gzip = false, deadIndex = false, nodes = ['127.0.0.1'] } = config
  const client = await openClient({
    ...{ nodes: nodes.map((host) => `http://${host}:${port}`), sniff: false },
    ...{ passwordFile: undefined, apiKeyFile: undefined, ca: undefined },
  })
  const bodies: Buffer[] = []
  client.diagnostic.on('request', (_error, event) => {
    const body: unknown = event?.meta.request.params.body
    if (Buffer.isBuffer(body)) bodies.push(body)
  })
  const output = new ElasticsearchOutput({
    client,
    config: { gzip, deadIndex, bulk: { size, delay: 0, concurrency } },
    onHappening: (happening) => happenings.push(happening),
  })
  return {
    output,
    /** The events of each request, in the order of arrival. */
    requests,
    /** What the client was given for each try of a request. */
    bodies,
    happenings,
    /** From now on. */
    says(script: Script) {
      answer = script
    },
    close,
    /** After `close`: again, where it was. */
    async listen() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async [Symbol.asyncDispose]() {
      await output.close()
      if (server.listening) await close()
    },
  }
}

function itemOf(said: Said) {
  const { status, type, reason = 'so it is', failureStore } = typeof said === 'number' ? { status: said } : said
  return {
    status,
    ...(type !== undefined && { error: { type, reason } }),
    ...(failureStore !== undefined && { failure_store: failureStore }),
  }
}

/** A batch of events with these documents, in these indices. */
export function batchOf(number: number, events: readonly [index: string, document: string][]): Batch {
  const stream = 'a'.repeat(16)
  const lines = events.map(
    ([index, document], i) =>
      `{"create":{"_index":"${index}","_id":"${stream}-${number}-${i}"}}\n{"message":"${document}"}\n`,
  )
  const received = { from: Date.now(), to: Date.now() }
  const tally: Batch['tally'] = [['unrouted', 'web1', events.length]]
  const body = Buffer.from(lines.join(''))
  return { stream, number, part: 0, output: 'elasticsearch', count: events.length, body, tally, received }
}

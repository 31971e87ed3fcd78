import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { Batch } from '../../src/buffer/buffer.ts'
import { eventsOf } from '../../src/deliver/bulk-lines.ts'
import { ANSWER_FIELDS } from '../../src/deliver/elasticsearch/answer.ts'
import { newStream, SEQUENCE_DIGITS } from '../../src/event/ids.ts'

/** As the output's own defaults. */
const REQUEST_BYTES = 5_000_000
const CONCURRENCY = 4
/** Requests that lie in memory: more than are under way at a time. */
const PREBUILT = 12

const STREAM_DIGITS = 16
/** Bytes from the beginning of the stream to the end of an action line, its line feed included. */
const FROM_STREAM = STREAM_DIGITS + 1 + SEQUENCE_DIGITS + '"}}\n'.length

/** A copy of a body whose events have the ids of another stream. */
export function withStream(body: Uint8Array, stream: string): Buffer {
  const copy = Buffer.from(body)
  renew(copy, stream)
  return copy
}

function renew(body: Buffer, stream: string): void {
  for (const { documentStart } of eventsOf(body)) body.write(stream, documentStart - FROM_STREAM, 'latin1')
}

interface Prebuilt {
  body: Buffer
  events: number
}

/** Bulk requests of the output's size, from memory: what a node takes when nobody has to make them. */
export class PrebuiltRequests {
  /** Those that are not under way, the longest unused first. */
  readonly #free: Prebuilt[]

  constructor(batches: readonly Batch[]) {
    this.#free = Array.from({ length: PREBUILT }, (_, at) => {
      const some: Batch[] = []
      let bytes = 0
      for (const batch of [...batches.slice(at % batches.length), ...batches.slice(0, at % batches.length)]) {
        bytes += batch.body.byteLength
        if (bytes > REQUEST_BYTES) break
        some.push(batch)
      }
      const events = some.reduce((sum, { count }) => sum + count, 0)
      return { body: Buffer.concat(some.map(({ body }) => body)), events }
    })
  }

  /** Sends requests of so many events at least, all of them new, as fast as the node answers; gives events a second. */
  async send(node: string, events: number): Promise<number> {
    const agent = new Agent({ keepAlive: true })
    const start = performance.now()
    let sent = 0
    const work = async () => {
      while (sent < events) {
        const one = this.#free.shift()
        if (one === undefined) throw new Error('more requests under way than there are')
        sent += one.events
        renew(one.body, newStream())
        await post(`${node}/_bulk?filter_path=${ANSWER_FIELDS}`, one.body, agent)
        this.#free.push(one)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, work))
    agent.destroy()
    return (sent * 1000) / (performance.now() - start)
  }
}

async function post(url: string, body: Buffer, agent: Agent): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson', 'content-length': body.byteLength }
  const sending = request(url, { method: 'POST', agent, headers })
  sending.end(body)
  const [answer]: IncomingMessage[] = await once(sending, 'response')
  const text = Buffer.concat((await answer?.toArray()) ?? []).toString('latin1')
  if (!text.startsWith('{"errors":false')) throw new Error(`the node answered: ${text.slice(0, 500)}`)
}

import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { z } from 'zod'
import { allocate, free } from '../../buffer/free.ts'
import { messageOf } from '../../ledger/files.ts'
import { ANSWER_FIELDS, type Item, jsonOf, readAnswer } from './answer.ts'
import { CLUSTER_TIMEOUT, LARGEST_ANSWER } from './client.ts'
import { type Failure, failureOf } from './failure.ts'
import { type Client, errors } from './library.ts'
import { bytesOf, copyOf, countOf, type Run } from './runs.ts'

/** `items`: what the cluster says of each event, in order; null: it took them all. */
export type Answer = { items: Item[] | null; failure?: undefined } | { items?: undefined; failure: Failure }

const packed = promisify(gzip)
/** 0.9 µs an event; the default level costs four times of it for a tenth less. */
const LEVEL = 1

const Nodes = z.object({
  nodes: z.record(z.string(), z.object({ http: z.object({ max_content_length_in_bytes: z.int().positive() }) })),
})

/** Single requests. What only one node is to blame for is tried on the others at once. */
export class Bulk {
  /** Requests that the cluster took, whatever it said of their events. */
  taken = 0
  /** Bytes of a request that the cluster was found to take; null: not known. */
  largest: number | null = null
  readonly #client: Client
  readonly #gzip: boolean

  constructor(client: Client, { gzip }: { gzip: boolean }) {
    this.#client = client
    this.#gzip = gzip
  }

  /** The runs are copied at once: nothing reads them later, whatever becomes of the request. */
  async send(runs: readonly Run[], signal?: AbortSignal): Promise<Answer> {
    const plain = copyOf(runs, allocate(bytesOf(runs)))
    const body = this.#gzip ? await packed(plain, { level: LEVEL }) : plain
    const others = this.#client.connectionPool.size - 1
    for (let failed = 0; ; failed++) {
      try {
        const answer = await this.#request(body, signal)
        const items = readAnswer(answer, countOf(runs))
        free(answer)
        this.taken++
        // A request that failed may still be read by the system, so its buffer is left to the garbage collector.
        if (failed === 0) {
          free(plain)
          free(body)
        }
        return { items }
      } catch (error) {
        // The client goes on asking a node that does not answer.
        if (error instanceof errors.TimeoutError && error.meta?.meta.connection)
          this.#client.connectionPool.markDead(error.meta.meta.connection)
        let failure = failureOf(error)
        if (failure.isCut || failure.status === 413) {
          const largest = await this.#askLargest()
          if (largest !== null && bytesOf(runs) > largest) return { failure: tooLarge(largest) }
          if (largest !== null) failure = { ...failure, isCut: false }
        }
        if (!failure.isOfNode || failed >= others || signal?.aborted === true) return { failure }
      }
    }
  }

  /** Null when the cluster can't be asked, or this user may not. */
  async #askLargest(): Promise<number | null> {
    const querystring = { filter_path: 'nodes.*.http.max_content_length_in_bytes' }
    try {
      const answer = await this.#client.transport.request({ method: 'GET', path: '/_nodes/http', querystring })
      const nodes = Object.values(Nodes.parse(answer).nodes)
      this.largest = Math.min(...nodes.map(({ http }) => http.max_content_length_in_bytes))
    } catch {
      this.largest = null
    }
    return this.largest
  }

  /**
   * Body and answer stay the bytes they are, and undici hands the body to the system as it is. As text they cost 1.7 µs an
   * event of 770 bytes, nearly all of it the garbage collector's; so 0.5 to 0.9.
   */
  async #request(body: Buffer, signal?: AbortSignal): Promise<Buffer> {
    const result = await this.#client.transport.request<Readable>(
      {
        method: 'POST',
        path: '/_bulk',
        querystring: { filter_path: ANSWER_FIELDS, timeout: CLUSTER_TIMEOUT },
        bulkBody: body,
      },
      {
        ...(this.#gzip && { headers: { 'content-encoding': 'gzip' } }),
        asStream: true,
        meta: true,
        ...(signal !== undefined && { signal }),
      },
    )
    const answer = await bytesFrom(result.body)
    // With a stream for an answer the client leaves this to us.
    const { statusCode = 0, meta } = result
    if (meta.connection !== null) {
      if (statusCode >= 502 && statusCode <= 504) this.#client.connectionPool.markDead(meta.connection)
      else this.#client.connectionPool.markAlive(meta.connection)
    }
    if (statusCode >= 400)
      throw new errors.ResponseError({ ...result, body: jsonOf(answer) }, { redaction: { type: 'off' } })
    return answer
  }
}

async function bytesFrom(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of stream) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes > LARGEST_ANSWER) throw new Error(`wanted an answer of at most ${LARGEST_ANSWER} bytes`)
    }
  } catch (error) {
    throw new errors.ConnectionError(messageOf(error))
  }
  return Buffer.concat(chunks)
}

function tooLarge(largest: number): Failure {
  const reason = `answer 413: larger than the ${largest} bytes that the cluster takes (http.max_content_length)`
  return { fate: 'halve', status: 413, reason, isTooMany: false, isOfNode: false, isCut: false }
}

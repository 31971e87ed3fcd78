import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Client, errors } from '@elastic/elasticsearch'
import { ANSWER_FIELDS, type Item, readAnswer } from './answer.ts'
import { CLUSTER_TIMEOUT } from './client.ts'
import { type Failure, failureOf } from './failure.ts'
import { bodyOf, countOf, type Run } from './runs.ts'

/** `items`: what the cluster says of each event, in order; null: it took them all. */
export type Answer = { items: Item[] | null; failure?: undefined } | { items?: undefined; failure: Failure }

const pack = promisify(gzip)
/** 0.9 µs an event; the default level costs four times of it for a tenth less. */
const LEVEL = 1

/** Single requests. What only one node is to blame for is tried on the others at once. */
export class Bulk {
  /** Requests that the cluster took, whatever it said of their events. */
  taken = 0
  readonly #client: Client
  readonly #gzip: boolean

  constructor(client: Client, gzip: boolean) {
    this.#client = client
    this.#gzip = gzip
  }

  async send(runs: readonly Run[], signal?: AbortSignal): Promise<Answer> {
    const body = bodyOf(runs)
    const packed = this.#gzip ? await pack(body, { level: LEVEL }) : body
    for (let others = this.#client.connectionPool.size - 1; ; others--) {
      try {
        const items = readAnswer(await this.#request(packed, signal), countOf(runs))
        this.taken++
        return { items }
      } catch (error) {
        // The client goes on asking a node that does not answer.
        if (error instanceof errors.TimeoutError && error.meta?.meta.connection)
          this.#client.connectionPool.markDead(error.meta.meta.connection)
        const failure = failureOf(error)
        if (!failure.isOfNode || others <= 0 || signal?.aborted === true) return { failure }
      }
    }
  }

  #request(bulkBody: Buffer, signal?: AbortSignal): Promise<unknown> {
    return this.#client.transport.request(
      {
        method: 'POST',
        path: '/_bulk',
        querystring: { filter_path: ANSWER_FIELDS, timeout: CLUSTER_TIMEOUT },
        bulkBody,
      },
      { ...(this.#gzip && { headers: { 'content-encoding': 'gzip' } }), ...(signal !== undefined && { signal }) },
    )
  }
}

import { eventsOf } from '../../deliver/bulk-lines.ts'
import type { Output } from '../../deliver/output.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Batch, Outcome } from '../buffer.ts'
import { REMEMBERED } from '../redis/keys.ts'
import { RedisLink } from '../redis/link.ts'

export interface ListWriterOptions {
  url: string
  /** The list that Logstash's redis input reads (`data_type => "list"`). */
  key: string
  onHappening?: OnHappening | undefined
}

/**
 * Writes events, one JSON document an element, to a list for a Logstash that still reads one. A batch that is delivered
 * again is not written again, as long as the same Redis keeps its data.
 */
export class ListWriter implements Output {
  readonly #link: RedisLink
  readonly #key: string

  constructor({ url, key, onHappening }: ListWriterOptions) {
    this.#link = new RedisLink({ url, size: 0, onHappening })
    this.#key = key
  }

  async deliver(batches: Batch[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const batch of batches) outcomes.push(await this.#write(batch))
    return outcomes
  }

  async close(): Promise<void> {
    this.#link.close()
  }

  async #write({ stream, number, part, body, count }: Batch): Promise<Outcome> {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    const documents = [...eventsOf(body)].map(({ documentStart, documentEnd }) => {
      return bytes.subarray(documentStart, documentEnd)
    })
    await this.#link.settled(1000)
    const written = await this.#link.run((client) =>
      client.sluicePushList(
        this.#key,
        `${this.#key}:sluice:written:${stream}`,
        `${number} ${part}`,
        REMEMBERED,
        ...documents,
      ),
    )
    return { done: written === 1 ? count : 0, duplicate: written === 1 ? 0 : count, exceptions: [] }
  }
}

import type { Client } from '@elastic/elasticsearch'
import { messageOf } from '../../ledger/files.ts'
import type { DeadLetter } from '../dead/letter.ts'
import { ANSWER_FIELDS, readAnswer } from './answer.ts'

/** Letters that wait for the request before; what is more is not copied. */
const MOST_WAITING = 1000
/** Characters of an event that are copied: what was refused as too large must not be refused again. */
const MOST_EVENT = 100_000
const REQUEST_MILLIS = 10_000

/**
 * Copies of dead letters in an index of their own, to be found where events are looked for. Each is tried once: the
 * letter itself is on disk. Its key is the id, so that a letter told twice has one copy.
 */
export class DeadCopies {
  readonly #client: Client
  readonly #index: string
  readonly #onFailure: (reason: string) => void
  #waiting: DeadLetter[] = []
  #sending: Promise<void> | undefined
  readonly #closing = new AbortController()

  /** @param onFailure told once, until a copy succeeds again */
  constructor(client: Client, index: string, onFailure: (reason: string) => void) {
    this.#client = client
    this.#index = index
    this.#onFailure = onFailure
  }

  take(letters: readonly DeadLetter[]): void {
    this.#waiting.push(...letters.slice(0, MOST_WAITING - this.#waiting.length))
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#waiting = []
    await this.#sending
  }

  async #send(): Promise<void> {
    let failed = false
    while (this.#waiting.length > 0) {
      const letters = this.#waiting
      this.#waiting = []
      try {
        await this.#request(letters)
        failed = false
      } catch (error) {
        if (!failed && !this.#closing.signal.aborted) this.#onFailure(messageOf(error))
        failed = true
      }
    }
  }

  async #request(letters: readonly DeadLetter[]): Promise<void> {
    const lines = letters.map(({ key, event, ...rest }) => {
      const action = { create: { _index: this.#index, _id: key } }
      const document = { '@timestamp': rest.time, key, ...rest, event: event.slice(0, MOST_EVENT) }
      return `${JSON.stringify(action)}\n${JSON.stringify(document)}\n`
    })
    const answer = await this.#client.transport.request(
      { method: 'POST', path: '/_bulk', querystring: { filter_path: ANSWER_FIELDS }, bulkBody: lines.join('') },
      { requestTimeout: REQUEST_MILLIS, signal: this.#closing.signal },
    )
    const refused = readAnswer(answer, letters.length)?.find(({ status }) => status >= 300 && status !== 409)
    if (refused !== undefined)
      throw new Error(`${refused.type ?? refused.status}: ${refused.reason ?? 'no reason given'}`)
  }
}

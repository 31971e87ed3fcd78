import { setTimeout as delay } from 'node:timers/promises'
import { newStream } from '../../event/ids.ts'
import { BufferDown } from '../buffer.ts'
import type { RedisLink } from '../redis/link.ts'

/** Elements of a list, in its order. Element i is event `first + i` of the stream, also when it comes again. */
export interface ListPart {
  /** 16 hex digits; the list's own, for as long as its Redis keeps its data. */
  stream: string
  first: number
  elements: Buffer[]
}

/** So many are in hand at most: what comes again after a crash. */
const MOST_IN_HAND = 2000
const PAUSE_MILLIS = 100

/**
 * Reads a list as rsyslog (omhiredis), Filebeat and Logstash write it with RPUSH. What is read stays in a second list,
 * `<key>:sluice:<reader>:hand`, until `done`, and keeps its numbers there: a crash loses nothing, and what comes again
 * has the same ids. One reader with a name at a time; several with different names share a list.
 */
export class ListReader {
  readonly #link: RedisLink
  readonly #keys: { list: string; hand: string; state: string }
  /** Elements in hand that this reader was given. */
  #given = 0
  #last = 0

  constructor(link: RedisLink, key: string, reader: string) {
    this.#link = link
    this.#keys = { list: key, hand: `${key}:sluice:${reader}:hand`, state: `${key}:sluice:${reader}` }
  }

  /** Waits for elements until `signal` aborts; what was in hand at a crash comes first. */
  async *read(signal: AbortSignal): AsyncGenerator<ListPart, void, undefined> {
    const { list, hand, state } = this.#keys
    while (!signal.aborted) {
      try {
        const [stream, first, ...elements] = await this.#link.run((client) =>
          client.sluiceTakeListBuffer(list, hand, state, MOST_IN_HAND, this.#given, newStream()),
        )
        if (elements.length > 0) {
          this.#given += elements.length
          this.#last = first + elements.length - 1
          yield { stream: stream.toString('latin1'), first, elements }
          continue
        }
      } catch (error) {
        if (!(error instanceof BufferDown)) throw error
      }
      await delay(PAUSE_MILLIS, undefined, { signal }).catch(() => {})
    }
  }

  /** All up to event `last` is safe elsewhere. Rejects with BufferDown; say it again then. */
  async done(last: number): Promise<void> {
    const { hand, state } = this.#keys
    const removed = await this.#link.run((client) => client.sluiceDoneList(hand, state, Math.min(last, this.#last)))
    this.#given -= removed
  }
}

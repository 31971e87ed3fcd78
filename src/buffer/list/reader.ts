import { createHash } from 'node:crypto'
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

/** The last element that is safe elsewhere, as `positionOf` describes it. */
export interface ListPosition {
  stream: string
  last: number
  /** Of the element itself: a Redis that lost its last second gives the same number to another one. */
  digest: string
}

/** So much is in hand at most, and one element more: what comes again after a crash. */
const MOST_IN_HAND = 2000
const BYTES_IN_HAND = 16 << 20
const PAUSE_MILLIS = 100

/**
 * Reads a list as rsyslog (omhiredis), Filebeat and Logstash write it with RPUSH. What is read stays in a second list,
 * `<key>:sluice:<reader>:hand`, until `done`, and keeps its numbers there: a crash loses nothing, and what comes again
 * has the same ids. One reader with a name at a time; several with different names share a list.
 */
export class ListReader {
  readonly #link: RedisLink
  readonly #keys: { list: string; hand: string; state: string }
  #resume: ListPosition | undefined
  /** '' before the first answer. */
  #stream = ''
  /** Numbers of the last element that Redis knows to be done, and of the last that was given. */
  #acknowledged = 0
  #last = 0
  /** Bytes of those in between, the oldest first. */
  #given: number[] = []
  #bytes = 0
  #wake = Promise.withResolvers<void>()

  /** @param resume what was safe when the reader before this one ended */
  constructor(link: RedisLink, key: string, reader: string, resume?: ListPosition) {
    this.#link = link
    this.#keys = { list: key, hand: `${key}:sluice:${reader}:hand`, state: `${key}:sluice:${reader}` }
    this.#resume = resume
  }

  /** Waits for elements until `signal` aborts; what was in hand at a crash, and is not safe elsewhere, comes first. */
  async *read(signal: AbortSignal): AsyncGenerator<ListPart, void, undefined> {
    while (!signal.aborted) {
      try {
        const part = await this.#skipSafe(await this.#take())
        if (part.elements.length > 0) {
          yield part
          continue
        }
      } catch (error) {
        if (!(error instanceof BufferDown)) throw error
      }
      this.#wake = Promise.withResolvers()
      await Promise.race([this.#wake.promise, delay(PAUSE_MILLIS, undefined, { signal }).catch(() => {})])
    }
  }

  /** All up to event `last` of a stream is safe elsewhere. Rejects with BufferDown; say it again then. */
  async done(stream: string, last: number): Promise<void> {
    const { hand, state } = this.#keys
    if (stream !== this.#stream) return
    await this.#link.run((client) => client.sluiceDoneList(hand, state, last, stream))
    if (stream !== this.#stream || last <= this.#acknowledged) return
    // Not what Redis has removed now: an answer before this one may have been lost.
    for (const bytes of this.#given.splice(0, last - this.#acknowledged)) this.#bytes -= bytes
    this.#acknowledged = last
    this.#wake.resolve()
  }

  async #take(): Promise<ListPart> {
    const { list, hand, state } = this.#keys
    const [name, first, ...elements] = await this.#link.run((client) =>
      client.sluiceTakeListBuffer(
        ...[list, hand, state, MOST_IN_HAND, BYTES_IN_HAND - this.#bytes, newStream()],
        ...[this.#stream, this.#acknowledged, this.#last],
      ),
    )
    const stream = name.toString('latin1')
    if (stream !== this.#stream) {
      this.#stream = stream
      this.#acknowledged = first - 1
      this.#given = []
      this.#bytes = 0
    }
    for (const { length } of elements) {
      this.#given.push(length)
      this.#bytes += length
    }
    this.#last = first + elements.length - 1
    return { stream, first, elements }
  }

  /** The first answer may hold what the process before this one had made safe without having said so. */
  async #skipSafe({ stream, first, elements }: ListPart): Promise<ListPart> {
    const resume = this.#resume
    this.#resume = undefined
    if (resume === undefined || resume.stream !== stream || resume.last < first) return { stream, first, elements }
    const at = resume.last - first
    if (digestOf(elements[at] ?? Buffer.alloc(0)) !== resume.digest) return this.#takeAnew()
    // Whoever is done with later ones says it for these too.
    await this.done(stream, resume.last).catch(() => {})
    return { stream, first: resume.last + 1, elements: elements.slice(at + 1) }
  }

  /** These numbers were given to other elements before: asks for another stream, as one that knows too much. */
  #takeAnew(): Promise<ListPart> {
    this.#acknowledged = Number.MAX_SAFE_INTEGER
    this.#bytes = 0
    return this.#take()
  }
}

/** What to keep of an element that is safe elsewhere, to go on behind it after a crash. */
export function positionOf({ stream, last }: { stream: string; last: number }, element: Buffer): ListPosition {
  return { stream, last, digest: digestOf(element) }
}

function digestOf(element: Buffer): string {
  return createHash('sha256').update(element).digest('hex').slice(0, 16)
}

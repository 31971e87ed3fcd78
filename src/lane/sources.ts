import type { Enricher } from '../dataset/enrichment.ts'
import type { Kind, Source } from '../event/line.ts'
import type { Piece } from '../event/piece.ts'
import type { Decision, RoutePlan } from '../route/decision.ts'
import type { Header } from '../syslog/header.ts'
import type { SenderNote } from './senders.ts'

/** A source with what the lane remembers of it: how its lines are routed, and counts until they are handed on. */
export interface LaneSource extends Source {
  /** Of host and program. */
  hash: number
  plan: RoutePlan
  /** Its datasets; null: lines are not parsed. */
  enricher: Enricher | null
  /** By decision index; one, unless a route looks at the message. */
  slots: Slot[]
  /** Difference of the lines' own time from reception, ms, of the newest line with a valid time; NaN before. */
  skew: number
}

/** Lines of one source with one decision: all that is the same for them. */
export interface Slot extends Kind {
  source: LaneSource
  decision: Decision
  /** The datasets of its lines: the route's, otherwise the source's; null: lines are not parsed. */
  enricher: Enricher | null
  /** Index into the lane's archive paths, one for each of `decision.archives`. */
  files: Int32Array
  /** The first archive path as JSON, null when not archived. */
  path: Piece | null
  /** The hour (of the event's time) that `files` and `path` hold for, when a template has a date in it. */
  hour: number
  /** Events in the open batch of each output. */
  inBatch: Int32Array
  /** Lines since the last report. */
  seen: number
}

/** Sources remembered at once; beyond it the table starts anew. 16,384 take about 16 MB. */
const CAPACITY = 16_384
const TABLE = CAPACITY * 2

/**
 * Finds the source of a line by the bytes of its host and program, its sender and its PRI, without making a string. Open addressing; keys are stored as bytes one after the other.
 */
export class SourceTable {
  readonly #table = new Int32Array(TABLE)
  readonly #sources: LaneSource[] = []
  readonly #keys: Uint8Array[] = []
  readonly #hostLengths: number[] = []
  readonly #senders: SenderNote[] = []
  readonly #make: (host: string, program: string, priority: number, sender: SenderNote) => LaneSource

  constructor(make: (host: string, program: string, priority: number, sender: SenderNote) => LaneSource) {
    this.#make = make
  }

  get size(): number {
    return this.#sources.length
  }

  find(bytes: Uint8Array, header: Header, sender: SenderNote): LaneSource {
    const { hostStart, hostEnd, programStart, programEnd, priority } = header
    let hash = Math.imul(sender.index + 1, 0x9e3779b1) ^ priority
    for (let i = hostStart; i < hostEnd; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
    hash = Math.imul(hash ^ 0xff, 0x01000193)
    for (let i = programStart; i < programEnd; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
    hash ^= hash >>> 15

    const hostLength = hostEnd - hostStart
    const keyLength = hostLength + programEnd - programStart
    let place = hash & (TABLE - 1)
    for (;;) {
      const found = this.#table[place] - 1
      if (found < 0) break
      const source = this.#sources[found]
      if (
        source.priority === priority &&
        this.#senders[found] === sender &&
        this.#hostLengths[found] === hostLength &&
        this.#keys[found].length === keyLength &&
        sameKey(this.#keys[found], bytes, hostStart, hostLength, programStart)
      ) {
        return source
      }
      place = (place + 1) & (TABLE - 1)
    }
    return this.#add(bytes, header, sender, place, hostLength)
  }

  #add(bytes: Uint8Array, header: Header, sender: SenderNote, place: number, hostLength: number): LaneSource {
    const host = text(bytes, header.hostStart, header.hostEnd)
    const program = text(bytes, header.programStart, header.programEnd)
    const source = this.#make(host, program, header.priority, sender)
    if (this.#sources.length === CAPACITY) {
      this.clear()
      return source
    }
    const programBytes = bytes.subarray(header.programStart, header.programEnd)
    this.#table[place] = this.#sources.push(source)
    this.#keys.push(Uint8Array.from([...bytes.subarray(header.hostStart, header.hostEnd), ...programBytes]))
    this.#hostLengths.push(hostLength)
    this.#senders.push(sender)
    return source
  }

  clear(): void {
    this.#table.fill(0)
    this.#sources.length = 0
    this.#keys.length = 0
    this.#hostLengths.length = 0
    this.#senders.length = 0
  }
}

function sameKey(key: Uint8Array, bytes: Uint8Array, hostStart: number, hostLength: number, programStart: number) {
  for (let i = 0; i < hostLength; i++) if (key[i] !== bytes[hostStart + i]) return false
  const shift = programStart - hostLength
  for (let i = hostLength; i < key.length; i++) if (key[i] !== bytes[shift + i]) return false
  return true
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return from < 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')
}

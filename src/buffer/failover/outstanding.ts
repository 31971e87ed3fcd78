import { createHash } from 'node:crypto'
import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Marks } from '../../ledger/marks.ts'
import type { Batch, Tally } from '../buffer.ts'
import { keysOf } from '../redis/keys.ts'
import type { RedisBuffer } from '../redis/redis.ts'
import { lostMark } from '../settlement.ts'
import { OutstandingJournal } from './outstanding-journal.ts'

export interface Place {
  id: string
  output: string
  stream: string
  number: number
}

export interface Waiting extends Place {
  part: number
  count: number
  tally: Tally
  /** When Redis was first seen without it, ms since the epoch. */
  missingSince?: number
}

export interface OutstandingOptions {
  member: RedisBuffer
  /** The other Redis of the list. */
  others: readonly RedisBuffer[]
  marks: Pick<Marks, 'has' | 'record'>
  /** Where it is remembered over restarts; absent: nowhere. */
  dir?: string | undefined
  onHappening?: OnHappening | undefined
}

/** The marks of shippers elsewhere come to the other Redis within a second. */
const GRACE_MILLIS = 3000
const MOST = 200_000
const CHUNK = 250

/**
 * The batches that this process has put into one Redis and does not know to be settled. When that Redis comes back
 * without them (restarted empty, flushed, its last second lost with the power), those that nobody has settled are lost,
 * and counted exactly. Kept in memory and, with `dir`, over restarts; above 200,000 the oldest are given up.
 */
export class Outstanding {
  readonly #member: RedisBuffer
  readonly #others: readonly RedisBuffer[]
  readonly #marks: OutstandingOptions['marks']
  readonly #onHappening: OnHappening | undefined
  readonly #waiting = new Map<string, Waiting>()
  readonly #journal: Promise<OutstandingJournal | undefined>
  #checkAll = false

  constructor({ member, others, marks, dir, onHappening }: OutstandingOptions) {
    this.#member = member
    this.#others = others
    this.#marks = marks
    this.#onHappening = onHappening
    this.#journal = this.#open(dir)
    member.link.onWell(() => {
      this.#checkAll = true
    })
  }

  /** Resolves when it is remembered over a restart, too. */
  async add(id: string, { output, stream, number, part, count, tally }: Batch): Promise<void> {
    const journal = await this.#journal
    const key = keyOf(output, stream, number)
    const waiting = { id, output, stream, number, part, count, tally }
    this.#waiting.set(key, waiting)
    await journal?.add(key, waiting)
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MOST) break
      this.#forget([oldest])
    }
  }

  /** This process has settled it; what is left of it still waits there. */
  settled({ output, stream, number }: Batch, rest: Batch | undefined): void {
    const key = keyOf(output, stream, number)
    const waiting = this.#waiting.get(key)
    if (!waiting) return
    if (!rest) {
      this.#forget([key])
      return
    }
    Object.assign(waiting, { part: rest.part, count: rest.count, tally: rest.tally })
    void this.#journal.then((journal) => journal?.add(key, waiting))
  }

  /** Once a second, while the member is well: forgets what is settled, finds what is lost. */
  async check(): Promise<void> {
    const journal = await this.#journal
    journal?.tend(this.#waiting)
    const all = this.#checkAll
    this.#checkAll = false
    const lost: Waiting[] = []
    try {
      const entries = [...this.#waiting.values()]
      for (let at = 0; at < (all ? entries.length : Math.min(entries.length, CHUNK)); at += CHUNK) {
        lost.push(...(await this.#checkSome(entries.slice(at, at + CHUNK))))
      }
    } catch (error) {
      this.#checkAll = true
      throw error
    }
    if (this.#missing()) this.#checkAll = true
    if (lost.length === 0) return
    let events = 0
    for (const batch of lost) {
      if ((await this.#marks.record(lostMark(batch, 'buffer_lost'))) === 'first') events += batch.count
    }
    this.#forget(lost.map(({ output, stream, number }) => keyOf(output, stream, number)))
    // A kill between the mark and the journal: it was told then.
    if (events === 0) return
    const text = `${this.#member.link.name} came back without ${lost.length} batches of ${events} events that nobody had taken`
    this.#onHappening?.({ kind: 'buffer_lost', text, events })
  }

  async #checkSome(entries: readonly Waiting[]): Promise<Waiting[]> {
    const fates = await fatesOf(this.#member, entries)
    const missing: Waiting[] = []
    const over: string[] = []
    for (const [at, entry] of entries.entries()) {
      const { output, stream, number, part } = entry
      const isSettled = fates[at] === 2 && part === 0
      if (isSettled || this.#marks.has(output, stream, number, part)) over.push(keyOf(output, stream, number))
      else if (fates[at] === 0) missing.push(entry)
      else delete entry.missingSince
    }
    this.#forget(over)
    if (missing.length === 0) return []
    for (const entry of missing) entry.missingSince ??= Date.now()
    for (const other of this.#others) {
      if (!other.link.well) continue
      const elsewhere = await fatesOf(other, missing)
      const settled = missing.filter((_, at) => elsewhere[at] === 2)
      this.#forget(settled.map(({ output, stream, number }) => keyOf(output, stream, number)))
    }
    const due = Date.now() - GRACE_MILLIS
    return missing.filter(
      ({ output, stream, number, missingSince = Infinity }) =>
        this.#waiting.has(keyOf(output, stream, number)) && missingSince <= due,
    )
  }

  async close(): Promise<void> {
    await (await this.#journal)?.close()
  }

  async #open(dir: string | undefined): Promise<OutstandingJournal | undefined> {
    if (dir === undefined) return undefined
    // The name of a Redis is an address; as a file's it is a hash.
    const name = `${createHash('sha256').update(this.#member.link.name).digest('hex').slice(0, 16)}.journal`
    try {
      const { journal, waiting } = await OutstandingJournal.open({ dir, name, onHappening: this.#onHappening })
      for (const [key, one] of waiting) this.#waiting.set(key, one)
      if (waiting.size > 0) this.#checkAll = true
      return journal
    } catch (error) {
      const text = `${dir} can't be used (${messageOf(error)}): what a Redis may lose is known until the next restart only`
      this.#onHappening?.({ kind: 'write_failed', text })
      return undefined
    }
  }

  #forget(keys: readonly string[]): void {
    const known = keys.filter((key) => this.#waiting.delete(key))
    if (known.length > 0) void this.#journal.then((journal) => journal?.forget(known))
  }

  #missing(): boolean {
    for (const { missingSince } of this.#waiting.values()) if (missingSince !== undefined) return true
    return false
  }
}

const keyOf = (output: string, stream: string, number: number) => `${output}\0${stream}\0${number}`

/** What became of batches in a Redis, by the ids they got there. 0: neither there nor settled; 1: waits; 2: settled. */
export async function fatesOf(buffer: RedisBuffer, entries: readonly Place[]): Promise<number[]> {
  const fates = new Array<number>(entries.length).fill(1)
  for (const output of new Set(entries.map((entry) => entry.output))) {
    const keys = keysOf(output)
    const places = [...entries.entries()].filter(([, entry]) => entry.output === output)
    const batches = places.flatMap(([, { id, stream, number }]) => [id, stream, number])
    const answer = await buffer.link.run((client) =>
      client.sluiceFate(keys.batches, keys.settled(''), keys.open(''), keys.moved(''), ...batches),
    )
    for (const [n, [at]] of places.entries()) fates[at] = answer[n] ?? 1
  }
  return fates
}

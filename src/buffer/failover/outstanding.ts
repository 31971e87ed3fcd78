import type { OnHappening } from '../../ledger/happening.ts'
import type { Marks } from '../../ledger/marks.ts'
import type { Batch, Tally } from '../buffer.ts'
import { keysOf } from '../redis/keys.ts'
import type { RedisBuffer } from '../redis/redis.ts'
import { lostMark } from '../settlement.ts'

export interface Place {
  id: string
  output: string
  stream: string
  number: number
}

interface Waiting extends Place {
  part: number
  count: number
  tally: Tally
  /** When Redis was first seen without it, ms since the epoch. */
  missingSince?: number
}

/** The marks of shippers elsewhere come to the other Redis within a second. */
const GRACE_MILLIS = 3000
const MOST = 200_000
const CHUNK = 250

/**
 * The batches that this process has put into one Redis and does not know to be settled. When that Redis comes back
 * without them (restarted empty, flushed, its last second lost with the power), those that nobody has settled are lost,
 * and counted exactly. Kept in memory; above 200,000 the oldest are given up.
 */
export class Outstanding {
  readonly #member: RedisBuffer
  readonly #others: readonly RedisBuffer[]
  readonly #marks: Marks
  readonly #onHappening: OnHappening | undefined
  readonly #waiting = new Map<string, Waiting>()
  #checkAll = false

  constructor(member: RedisBuffer, others: readonly RedisBuffer[], marks: Marks, onHappening?: OnHappening) {
    this.#member = member
    this.#others = others
    this.#marks = marks
    this.#onHappening = onHappening
    member.link.onWell(() => {
      this.#checkAll = true
    })
  }

  add(id: string, { output, stream, number, part, count, tally }: Batch): void {
    this.#waiting.set(keyOf(output, stream, number), { id, output, stream, number, part, count, tally })
    if (this.#waiting.size > MOST) for (const key of this.#waiting.keys()) return void this.#waiting.delete(key)
  }

  /** This process has settled it; what is left of it still waits there. */
  settled({ output, stream, number }: Batch, rest: Batch | undefined): void {
    const key = keyOf(output, stream, number)
    const waiting = this.#waiting.get(key)
    if (!rest) this.#waiting.delete(key)
    else if (waiting) Object.assign(waiting, { part: rest.part, count: rest.count, tally: rest.tally })
  }

  /** Once a second, while the member is well: forgets what is settled, finds what is lost. */
  async check(): Promise<void> {
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
    for (const { output, stream, number } of lost) this.#waiting.delete(keyOf(output, stream, number))
    let events = 0
    for (const batch of lost) {
      if ((await this.#marks.record(lostMark(batch, 'buffer_lost'))) === 'first') events += batch.count
    }
    const text = `${this.#member.link.name} came back without ${lost.length} batches of ${events} events that nobody had taken`
    this.#onHappening?.({ kind: 'buffer_lost', text, events })
  }

  async #checkSome(entries: readonly Waiting[]): Promise<Waiting[]> {
    const fates = await fatesOf(this.#member, entries)
    const missing: Waiting[] = []
    for (const [at, entry] of entries.entries()) {
      const { output, stream, number, part } = entry
      const isSettled = fates[at] === 2 && part === 0
      if (isSettled || this.#marks.has(output, stream, number, part))
        this.#waiting.delete(keyOf(output, stream, number))
      else if (fates[at] === 0) missing.push(entry)
      else delete entry.missingSince
    }
    if (missing.length === 0) return []
    for (const entry of missing) entry.missingSince ??= Date.now()
    for (const other of this.#others) {
      if (!other.link.well) continue
      const elsewhere = await fatesOf(other, missing)
      for (const [at, { output, stream, number }] of missing.entries()) {
        if (elsewhere[at] === 2) this.#waiting.delete(keyOf(output, stream, number))
      }
    }
    const due = Date.now() - GRACE_MILLIS
    return missing.filter(
      ({ output, stream, number, missingSince = Infinity }) =>
        this.#waiting.has(keyOf(output, stream, number)) && missingSince <= due,
    )
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

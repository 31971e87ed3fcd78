import type { Redis } from 'ioredis'
import { GROUP, type Keys } from './keys.ts'
import type { RedisLink } from './link.ts'

/** An entry as Redis has it: its id and its fields. */
export interface RawEntry {
  id: string
  key: Buffer
  blob: Buffer
}

/** How many a shipper takes at a time: few, so that several share a backlog. */
const MOST = 8
const BLOCK_MILLIS = 500

/**
 * Takes entries of one output for one consumer: first what it had taken before (a crash, a lost connection), then what
 * other consumers let run out, then new ones, for which it waits.
 */
export class StreamReader {
  readonly #link: RedisLink
  readonly #keys: Keys
  readonly #consumer: string
  readonly #leaseMs: number
  #blocker: Redis | undefined
  /** Where reading of what was taken before goes on; undefined when all of it is read. */
  #own: string | undefined = '0'
  #claimFrom = '0-0'
  #claimAt = 0

  constructor(link: RedisLink, keys: Keys, consumer: string, leaseMs: number) {
    this.#link = link
    this.#keys = keys
    this.#consumer = consumer
    this.#leaseMs = leaseMs
    // An answer that was lost with the connection had given us entries.
    link.onWell(() => {
      this.#own = '0'
    })
  }

  /** Ends the wait for new ones. */
  close(): void {
    this.#blocker?.disconnect()
  }

  /** There will be something to claim in so many ms; otherwise it is looked for every few seconds. */
  claimIn(millis: number): void {
    this.#claimAt = Math.min(this.#claimAt, Date.now() + millis)
  }

  /** The next entries, none after half a second; those that are known already may be among them. */
  async next(): Promise<RawEntry[]> {
    try {
      const own = await this.#nextOwn()
      if (own.length > 0) return own
      const claimed = await this.#claim()
      return claimed.length > 0 ? claimed : await this.#nextNew()
    } catch (error) {
      if (!(error instanceof Error) || !/NOGROUP|UNBLOCKED/.test(error.message)) throw error
      await this.#link.run((client) => client.sluiceMakeGroup(this.#keys.batches, GROUP))
      return []
    }
  }

  async #nextOwn(): Promise<RawEntry[]> {
    const from = this.#own
    if (from === undefined) return []
    const answer = await this.#link.run((client) =>
      client.xreadgroupBuffer('GROUP', GROUP, this.#consumer, 'COUNT', MOST, 'STREAMS', this.#keys.batches, from),
    )
    const rows = rowsOf(answer)
    // Meanwhile the connection may have been lost again, and reading has to begin anew.
    if (this.#own === from) this.#own = rows.at(-1)?.id
    return this.#withRests(rows)
  }

  async #claim(): Promise<RawEntry[]> {
    if (Date.now() < this.#claimAt) return []
    const { batches } = this.#keys
    const group = [batches, GROUP, this.#consumer, this.#leaseMs] as const
    const answer = await this.#link.run((client) =>
      client.callBuffer('XAUTOCLAIM', ...group, this.#claimFrom, 'COUNT', MOST),
    )
    const [next, entries] = claimedOf(answer)
    this.#claimFrom = next
    if (next === '0-0') this.#claimAt = Date.now() + Math.min(5000, Math.max(200, this.#leaseMs / 4))
    return this.#withRests(entries)
  }

  async #nextNew(): Promise<RawEntry[]> {
    this.#blocker ??= this.#link.blocker()
    if (this.#blocker.status !== 'ready') {
      await once(this.#blocker, BLOCK_MILLIS)
      return []
    }
    const answer = await this.#link.blocking(
      this.#blocker.xreadgroupBuffer(
        ...(['GROUP', GROUP, this.#consumer, 'COUNT', MOST] as const),
        ...(['BLOCK', BLOCK_MILLIS, 'STREAMS', this.#keys.batches, '>'] as const),
      ),
    )
    return this.#withRests(rowsOf(answer))
  }

  /** Puts rests in place of what they are left of; lets go of entries that were removed while they were held. */
  async #withRests(rows: Row[]): Promise<RawEntry[]> {
    if (rows.length === 0) return []
    const { rests, batches } = this.#keys
    const fields = rows.flatMap(({ id }) => [`${id}:k`, id])
    const kept = await this.#link.run((client) => client.hmgetBuffer(rests, ...fields))
    const entries: RawEntry[] = []
    const removed: string[] = []
    for (const [at, { id, key, blob }] of rows.entries()) {
      const restKey = kept[at * 2]
      const restBlob = kept[at * 2 + 1]
      if (restKey && restBlob) entries.push({ id, key: restKey, blob: restBlob })
      else if (key && blob) entries.push({ id, key, blob })
      else removed.push(id)
    }
    if (removed.length > 0) await this.#link.run((client) => client.xack(batches, GROUP, ...removed))
    return entries
  }
}

export interface Row {
  id: string
  key: Buffer | undefined
  blob: Buffer | undefined
}

/** `[[stream, [[id, [field, value, ...]], ...]]]`, null for none; the fields of a removed entry are null. */
function rowsOf(answer: unknown): Row[] {
  const streams = Array.isArray(answer) ? answer : []
  return streams.flatMap((stream: unknown) => (Array.isArray(stream) ? entriesOf(stream[1]) : []))
}

function claimedOf(answer: unknown): [next: string, entries: Row[]] {
  return Array.isArray(answer) ? [String(answer[0]), entriesOf(answer[1])] : ['0-0', []]
}

/** Entries as XRANGE and its like answer. */
export function entriesOf(list: unknown): Row[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return []
    const fields: unknown[] = Array.isArray(entry[1]) ? entry[1] : []
    const field = (name: string) => {
      for (let at = 0; at + 1 < fields.length; at += 2) {
        const value = fields[at + 1]
        if (String(fields[at]) === name && Buffer.isBuffer(value)) return value
      }
      // An entry that is none of ours is still an entry, or nobody would ever set it aside.
      return fields.length > 0 ? Buffer.alloc(0) : undefined
    }
    return [{ id: String(entry[0]), key: field('k'), blob: field('b') }]
  })
}

/** Until the client is ready or given up, at most `millis`. */
async function once(client: Redis, millis: number): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, millis)
  client.once('ready', over.resolve).once('end', over.resolve)
  await over.promise
  clearTimeout(timer)
  client.off('ready', over.resolve).off('end', over.resolve)
}

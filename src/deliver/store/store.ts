import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Batch, Outcome } from '../../buffer/buffer.ts'
import { messageOf } from '../../ledger/files.ts'
import type { Output } from '../output.ts'
import { Applied, byStream } from './applied.ts'
import { FILE, openDatabase, rows, stamp, transaction } from './database.ts'
import type { Report } from './happening.ts'
import { Ingest, isDataError, type Refusal, type Sifted } from './ingest.ts'
import { Parts, type SealStep } from './parts.ts'
import type { Count, Hit, TopField } from './question.ts'
import { Reader } from './reader.ts'
import { dayOf, type Retention, retain } from './retention.ts'
import type { EventsOptions, Filter } from './search.ts'

export interface StoreOptions {
  /** The store's own directory; made when it is not there. */
  path: string
  /** Bytes for DuckDB's buffers. */
  memory?: number
  threads?: number
  retention?: Retention
  /** Bytes of events after which the open table is sealed into a part. */
  partitionSize?: number
  /** Only `query`, `histogram` and `top`; others may read at the same time. */
  readOnly?: boolean
  report?: Report
  /** Told before the next step is taken; a test kills the process there. */
  step?: (step: StoreStep) => unknown
  now?: () => number
}

export type StoreStep = SealStep | 'inserted' | 'committed'

/** Days are sealed this long after their end (UTC): most of what comes late has come by then. */
const GRACE_MS = 10 * 60_000
const UPKEEP_MS = 60_000

/** The embedded store: events of the open day in a DuckDB table, sealed days as Parquet files beside it. */
export class Store implements Output {
  readonly #options: Required<Omit<StoreOptions, 'readOnly'>>
  readonly #instance: DuckDBInstance
  readonly #writer: DuckDBConnection
  readonly #ingest: Ingest | undefined
  readonly #parts: Parts
  readonly #reader: Reader
  #applied: Applied
  #turn: Promise<unknown> = Promise.resolve()
  #openBytes = 0
  /** The last day whose end has been dealt with: late events wait for the next one's end. */
  #rolled = ''
  #timer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(
    options: Required<Omit<StoreOptions, 'readOnly'>>,
    instance: DuckDBInstance,
    writer: DuckDBConnection,
    parts: Parts,
    applied: Applied,
    ingest: Ingest | undefined,
  ) {
    this.#options = options
    this.#instance = instance
    this.#writer = writer
    this.#parts = parts
    this.#applied = applied
    this.#ingest = ingest
    const setAside = (file: string, reason: string) => this.#alone(() => parts.damaged(file, reason))
    this.#reader = new Reader(instance, options.path, ingest === undefined ? undefined : setAside)
  }

  static async open({ readOnly = false, ...given }: StoreOptions): Promise<Store> {
    const options = {
      memory: 256 * 2 ** 20,
      // A second thread makes taking events dearer (11.5 s of CPU a million
      // against 9.6, one run of 300,000 each). Searches would gain from it.
      threads: 1,
      retention: {},
      partitionSize: 32 * 2 ** 20,
      report: () => undefined,
      step: () => undefined,
      now: Date.now,
      ...given,
    }
    const { path, memory, threads, report, step } = options
    const { instance, fresh } = await openDatabase({ file: join(path, FILE), memory, threads, readOnly, report })
    try {
      const writer = await instance.connect()
      const parts = new Parts(writer, path, report, step)
      if (!readOnly) await parts.recover(fresh)
      const ingest = readOnly ? undefined : await Ingest.create(writer)
      const store = new Store(options, instance, writer, parts, await Applied.load(writer), ingest)
      if (!readOnly) await store.#start()
      return store
    } catch (error) {
      instance.closeSync()
      throw error
    }
  }

  async #start(): Promise<void> {
    const [row] = await rows(this.#writer, 'SELECT sum(strlen(doc)) AS bytes FROM events')
    this.#openBytes = Number(row?.bytes ?? 0)
    this.#timer = setInterval(() => {
      this.maintain().catch((error) => this.#failed('upkeep', error))
    }, UPKEEP_MS).unref()
    await this.maintain()
  }

  async deliver(batches: Batch[]): Promise<Outcome[]> {
    const outcomes = await this.#alone(() => this.#deliver(batches))
    if (this.#openBytes >= this.#options.partitionSize) {
      // Not awaited: the batches are stored, and the next delivery waits for its turn behind it.
      this.#alone(() => this.#sealLargest()).catch((error) => this.#failed('sealing', error))
    }
    return outcomes
  }

  async #deliver(batches: Batch[]): Promise<Outcome[]> {
    const ingest = this.#ingest
    if (ingest === undefined) throw new Error('the store is open for reading only')
    const fresh = new Map<string, Batch>()
    for (const batch of batches) {
      if (!this.#applied.has(batch, batch.number)) fresh.set(nameOf(batch), batch)
    }
    const refused = await this.#apply(ingest, [...fresh.values()])
    const outcomes: Outcome[] = []
    for (const batch of batches) {
      const first = fresh.delete(nameOf(batch))
      const refusals = first ? (refused.get(batch) ?? []) : await this.#refusalsOf(batch)
      const stored = batch.count - refusals.length
      outcomes.push({
        done: first ? stored : 0,
        duplicate: first ? 0 : stored,
        exceptions: refusals.map(([index, reason]) => [index, 'dead', reason]),
      })
    }
    return outcomes
  }

  /** One transaction for all: rows, batch numbers and refusals. */
  async #apply(ingest: Ingest, batches: Batch[]): Promise<Map<Batch, Refusal[]>> {
    const whole = new Map(batches.map((batch): [Batch, Sifted] => [batch, { body: batch.body, refused: [] }]))
    if (batches.length === 0) return new Map()
    try {
      await this.#write(ingest, whole)
      return new Map()
    } catch (error) {
      if (!isDataError(error) && !(error instanceof CountMismatch)) throw error
    }
    const sifted = new Map<Batch, Sifted>()
    for (const batch of batches) sifted.set(batch, await ingest.sift(batch))
    await this.#write(ingest, sifted)
    return new Map(batches.map((batch) => [batch, sifted.get(batch)?.refused ?? []]))
  }

  async #write(ingest: Ingest, work: Map<Batch, Sifted>): Promise<void> {
    const batches = [...work.keys()]
    const { step } = this.#options
    try {
      await transaction(this.#writer, async () => {
        const received = Math.min(...batches.map((batch) => batch.received.from))
        const bodies = [...work.values()].map(({ body }) => body)
        const inserted = await ingest.insert(bodies, received)
        let expected = 0
        for (const [batch, { refused }] of work) expected += batch.count - refused.length
        if (inserted !== expected) throw new CountMismatch(`${inserted} rows came of ${expected} events`)
        for (const [key, numbers] of byStream(batches)) await this.#applied.add(this.#writer, key, numbers)
        for (const [batch, { refused }] of work) await this.#keepRefusals(batch, refused)
        await step('inserted')
      })
    } catch (error) {
      this.#applied = await Applied.load(this.#writer)
      throw error
    }
    for (const { body } of work.values()) this.#openBytes += body.length
    await step('committed')
  }

  async #keepRefusals(batch: Batch, refused: Refusal[]): Promise<void> {
    for (const [index, reason] of refused) {
      await this.#writer.run('INSERT INTO refused VALUES ($1, $2, $3, $4, $5, $6, $7)', [
        batch.output,
        batch.stream,
        batch.part,
        BigInt(batch.number),
        index,
        reason,
        stamp(Date.now()),
      ])
    }
  }

  /** A batch delivered again must report the same dead events again: the first answer may have been lost in a crash. */
  async #refusalsOf({ output, stream, part, number }: Batch): Promise<Refusal[]> {
    const found = await rows(
      this.#writer,
      'SELECT position, reason FROM refused WHERE output = $1 AND stream = $2 AND part = $3 AND number = $4 ORDER BY position',
      [output, stream, part, BigInt(number)],
    )
    return found.map((row) => [Number(row.position), String(row.reason)])
  }

  /** Seals days that are over, applies retention, removes files no longer used. Runs by itself every minute. */
  maintain(): Promise<void> {
    return this.#alone(async () => {
      const today = dayOf(this.#options.now() - GRACE_MS)
      if (this.#rolled !== today) {
        const over = await rows(
          this.#writer,
          'SELECT DISTINCT day::VARCHAR AS day FROM events WHERE day < $1::DATE ORDER BY day',
          [today],
        )
        for (const row of over) await this.#parts.seal(String(row.day))
        await Applied.forget(this.#writer)
        this.#applied = await Applied.load(this.#writer)
        this.#rolled = today
        if (over.length > 0) await this.#afterSeal()
      }
      await retain(this.#writer, this.#parts, this.#options)
      if (this.#reader.idle) await this.#parts.removeUnused()
    })
  }

  /** The day with most rows; the others (late events, a day's first minutes) stay until their own time comes. */
  async #sealLargest(): Promise<void> {
    const [row] = await rows(
      this.#writer,
      'SELECT day::VARCHAR AS day FROM events GROUP BY events.day ORDER BY sum(strlen(doc)) DESC LIMIT 1',
    )
    if (row === undefined || this.#openBytes < this.#options.partitionSize) return
    await this.#parts.seal(String(row.day))
    await this.#afterSeal()
  }

  /** Empties DuckDB's log and gives the space of the deleted rows back for the next ones. */
  async #afterSeal(): Promise<void> {
    const [row] = await rows(this.#writer, 'SELECT sum(strlen(doc)) AS bytes FROM events')
    this.#openBytes = Number(row?.bytes ?? 0)
    // DuckDB refuses it while others have a transaction open; the next seal does it then.
    await this.#writer.run('CHECKPOINT').catch((error) => {
      if (!messageOf(error).includes('Cannot CHECKPOINT')) this.#failed('checkpoint', error)
    })
  }

  /** Events, newest or oldest first (default: the newest 100). */
  query(options: EventsOptions): AsyncGenerator<Hit> {
    return this.#reader.events(options)
  }

  /** Counts per interval (ms), by start of the interval; intervals without events are left out. */
  histogram(options: Filter & { interval: number }): AsyncGenerator<Count> {
    return this.#reader.histogram(options)
  }

  /** The most frequent values of a field (default: 10). */
  top(options: Filter & { field: TopField; n?: number }): AsyncGenerator<Count> {
    return this.#reader.top(options)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    await this.#turn
    if (this.#ingest !== undefined) {
      await this.#writer.run('CHECKPOINT').catch((error) => this.#failed('checkpoint', error))
    }
    this.#writer.closeSync()
    this.#instance.closeSync()
  }

  /** Writers take turns: deliveries, sealing, retention. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => work())
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  #failed(what: string, error: unknown): void {
    this.#options.report({ kind: 'failed', what, reason: messageOf(error) })
  }
}

class CountMismatch extends Error {
  override name = 'CountMismatch'
}

function nameOf({ output, stream, part, number }: Batch): string {
  return JSON.stringify([output, stream, part, number])
}

import { join } from 'node:path'
import { type DuckDBConnection, type DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api'
import { UserError } from '../../errors.ts'
import { messageOf } from '../../ledger/files.ts'
import { type Row, rows, withConnection } from './database.ts'
import { type Count, type Hit, MAX_BUCKETS, type TopField } from './question.ts'
import {
  type EventsOptions,
  eventsSearch,
  type Filter,
  histogramSearch,
  partsFor,
  type Search,
  timesSearch,
  topSearch,
} from './search.ts'

type Build = (paths: string[], connection: DuckDBConnection) => Search | Promise<Search>

/** Searches over the open table and the sealed parts, each in a snapshot of its own, beside the writer. */
export class Reader {
  readonly #instance: DuckDBInstance
  readonly #directory: string
  readonly #setAside: ((file: string, reason: string) => Promise<void>) | undefined
  #running = 0

  /** `setAside` is called with a part that can't be read; without it the search fails. */
  constructor(
    instance: DuckDBInstance,
    directory: string,
    setAside: ((file: string, reason: string) => Promise<void>) | undefined,
  ) {
    this.#instance = instance
    this.#directory = directory
    this.#setAside = setAside
  }

  /** False while a search may still open files. */
  get idle(): boolean {
    return this.#running === 0
  }

  async *events(options: EventsOptions): AsyncGenerator<Hit> {
    const build: Build = async (paths, connection) => {
      const narrowed = options.doc === false ? options : await narrow(connection, paths, options)
      return eventsSearch(paths, narrowed)
    }
    for await (const row of this.#search(options, build)) yield hitOf(row)
  }

  async *histogram(options: Filter & { interval: number }): AsyncGenerator<Count> {
    let buckets = 0
    for await (const row of this.#search(options, (paths) => histogramSearch(paths, options, options.interval))) {
      if (++buckets > MAX_BUCKETS)
        throw new UserError(`more than ${MAX_BUCKETS} intervals: ask for longer ones, or less time`)
      yield { time: Number(row.time), events: Number(row.events) }
    }
  }

  async *top(options: Filter & { field: TopField; n?: number }): AsyncGenerator<Count> {
    for await (const row of this.#search(options, (paths) =>
      topSearch(paths, options, options.field, options.n ?? 10),
    )) {
      yield { value: textOf(row.value), events: Number(row.events) }
    }
  }

  async *#search(filter: Filter, build: Build): AsyncGenerator<Row> {
    this.#running++
    try {
      for (;;) {
        const damage = yield* this.#searchOnce(filter, build)
        if (damage === undefined) return
        await this.#setAside?.(damage.file, damage.reason)
      }
    } finally {
      this.#running--
    }
  }

  /** Returns the part that could not be read, if nothing has been given out yet. */
  async *#searchOnce(filter: Filter, build: Build): AsyncGenerator<Row, { file: string; reason: string } | undefined> {
    const connection = await this.#instance.connect()
    try {
      // One snapshot for the list of parts and the table: a part sealed meanwhile is not seen twice.
      await connection.run('BEGIN')
      const files = await partsFor(connection, filter)
      const pathOf = (file: string) => join(this.#directory, file)
      let given = false
      try {
        const { sql, values } = await build(files.map(pathOf), connection)
        const result = await connection.stream(sql, values)
        for await (const chunk of result.yieldRowObjects()) {
          for (const row of chunk) {
            given = true
            yield row
          }
        }
        return undefined
      } catch (error) {
        if (given || this.#setAside === undefined) throw error
        for (const file of files) {
          const reason = await this.#faultIn(pathOf(file), build)
          if (reason !== undefined) return { file, reason }
        }
        throw error
      }
    } finally {
      connection.closeSync()
    }
  }

  async #faultIn(path: string, build: Build): Promise<string | undefined> {
    try {
      await withConnection(this.#instance, async (connection) => {
        const { sql, values } = await build([path], connection)
        await connection.run(sql, values)
      })
      return undefined
    } catch (error) {
      const reason = messageOf(error)
      return /out of memory|interrupt|too many open files/i.test(reason) ? undefined : reason
    }
  }
}

/**
 * Finds the times of the hits first, without documents, and then looks only there: unpacking documents is most of the
 * work, and most row groups hold none of the newest hits.
 */
async function narrow(connection: DuckDBConnection, paths: string[], options: EventsOptions): Promise<EventsOptions> {
  const { sql, values } = timesSearch(paths, options)
  const [row] = await rows(connection, sql, values)
  const time = row?.time
  // There are no hits, so there are no documents to look for.
  if (!(time instanceof DuckDBTimestampValue)) return { ...options, limit: 0 }
  const ms = Number(time.micros / 1000n)
  return options.order === 'oldest'
    ? { ...options, to: Math.min(options.to ?? ms + 1, ms + 1) }
    : { ...options, from: Math.max(options.from ?? ms, ms) }
}

function hitOf(row: Row): Hit {
  return {
    id: String(row.id),
    time: row.time instanceof DuckDBTimestampValue ? Number(row.time.micros / 1000n) : 0,
    host: textOf(row.host),
    program: textOf(row.program),
    level: textOf(row.level),
    dataset: textOf(row.dataset),
    route: textOf(row.route),
    message: textOf(row.message),
    doc: textOf(row.doc) ?? '',
  }
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}

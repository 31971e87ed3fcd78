import { existsSync, readdirSync, renameSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampValue, type DuckDBValue } from '@duckdb/node-api'
import { UserError } from '../../errors.ts'
import { messageOf } from '../../ledger/files.ts'
import type { Report } from './happening.ts'

export const FILE = 'events.duckdb'

export interface DatabaseOptions {
  file: string
  /** Bytes DuckDB may use for its own buffers; Node's own memory comes on top. */
  memory: number
  threads: number
  readOnly: boolean
  report: Report
}

/**
 * `events` holds what is not yet sealed, in order of arrival. `applied` holds the batch numbers taken, as ranges.
 * `refused` holds what a batch already applied had to leave out, so that a second delivery gives the same answer.
 * `parts` are the Parquet files: writing -> sealed -> dropped; only `sealed` ones are read.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS events (id VARCHAR, day DATE, time TIMESTAMP, received TIMESTAMP, host VARCHAR,
  program VARCHAR, level VARCHAR, severity UTINYINT, dataset VARCHAR, route VARCHAR, message VARCHAR, doc VARCHAR);
CREATE TABLE IF NOT EXISTS applied (output VARCHAR, stream VARCHAR, part INTEGER, first BIGINT, last BIGINT,
  touched TIMESTAMP);
CREATE TABLE IF NOT EXISTS refused (output VARCHAR, stream VARCHAR, part INTEGER, number BIGINT, position INTEGER,
  reason VARCHAR, touched TIMESTAMP);
CREATE TABLE IF NOT EXISTS parts (file VARCHAR, day DATE, state VARCHAR, events BIGINT, bytes BIGINT,
  oldest TIMESTAMP, newest TIMESTAMP);
`

/** Read as a whole at each start, so that damage shows there (DuckDB checks a block when it reads it): some 30 MB. */
const TABLES = ['events', 'applied', 'refused', 'parts']

/**
 * Opens the database, replaying DuckDB's own log after a kill. A file that can't be read is renamed to
 * `*.damaged-<time>` and reported, and a fresh one takes its place: the log first, since the file beside it may be
 * good without it. Throws UserError when the file is good but can't be had (held by another process, no permission).
 */
export async function openDatabase(options: DatabaseOptions): Promise<{ instance: DuckDBInstance; fresh: boolean }> {
  const { file, readOnly } = options
  if (readOnly && !existsSync(file)) throw new UserError(`no store at ${dirname(file)}: nothing has been stored there`)
  if (!readOnly) await mkdir(dirname(file), { recursive: true })
  const had = existsSync(file)
  for (const aside of [logsOf, allOf]) {
    try {
      return { instance: await start(options), fresh: !had }
    } catch (error) {
      const reason = messageOf(error)
      if (readOnly || !isDamage(reason)) throw cannotOpen(file, reason)
      for (const path of aside(file)) setAside(path, reason, options.report)
    }
  }
  try {
    return { instance: await start(options), fresh: true }
  } catch (error) {
    throw cannotOpen(file, messageOf(error))
  }
}

async function start({ file, memory, threads, readOnly }: DatabaseOptions): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(file, {
    access_mode: readOnly ? 'READ_ONLY' : 'READ_WRITE',
    memory_limit: `${Math.max(64, Math.floor(memory / 2 ** 20))}MiB`,
    threads: String(threads),
    temp_directory: join(dirname(file), 'tmp'),
    max_temp_directory_size: '2GB',
    preserve_insertion_order: 'false',
    // Rows live in the log until they are sealed. The default of 16 MB writes the same rows into the file again and
    // again: 8.4 s of CPU a million (200,000 rows of id and document alone), 5.6 with 256 MB, which that never filled.
    // The checkpoint left to the end cost 2.7 more there; here sealing has deleted the rows before it comes.
    wal_autocheckpoint: '1GB',
    storage_compatibility_version: 'latest',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  if (readOnly) return instance
  try {
    await withConnection(instance, async (connection) => {
      await connection.run(SCHEMA)
      for (const table of TABLES) await connection.run(`SELECT bit_xor(hash(${table})) FROM ${table}`)
    })
    return instance
  } catch (error) {
    instance.closeSync()
    throw error
  }
}

export async function withConnection<T>(
  instance: DuckDBInstance,
  use: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await instance.connect()
  try {
    return await use(connection)
  } finally {
    connection.closeSync()
  }
}

export type Row = Record<string, DuckDBValue>

export async function rows(connection: DuckDBConnection, sql: string, values: DuckDBValue[] = []): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql, values)
  return reader.getRowObjects()
}

/** All or nothing; a failed commit counts as failed. */
export async function transaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN')
  try {
    const result = await work()
    await connection.run('COMMIT')
    return result
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** A TIMESTAMP (UTC) from ms since the epoch. */
export function stamp(ms: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(Math.round(ms)) * 1000n)
}

/** SQL text literal, for the few places (file names of table functions) that take no parameter. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Renames what can't be read, so that nothing is lost and the next start is not stopped by it. */
export function setAside(path: string, reason: string, report: Report, events?: number): void {
  const to = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  renameSync(path, to)
  report({ kind: 'damaged', path, aside: to, reason: firstLine(reason), events })
}

function logsOf(file: string): string[] {
  const logs = readdirSync(dirname(file)).filter(
    (name) => name.startsWith(`${basename(file)}.wal`) && !name.includes('.damaged-'),
  )
  return logs.map((name) => join(dirname(file), name))
}

function allOf(file: string): string[] {
  return existsSync(file) ? [...logsOf(file), file] : logsOf(file)
}

/** What is not the file's own fault must not set it aside: locks, permissions, space, memory, a newer DuckDB. */
function isDamage(reason: string): boolean {
  return !/could not set lock|conflicting lock|permission denied|no space|out of memory|too many open files|newer version|is a directory/i.test(
    reason,
  )
}

function cannotOpen(file: string, reason: string): UserError {
  if (/lock/i.test(reason)) return new UserError(`the store ${file} is in use by another process`)
  return new UserError(`cannot open the store ${file}: ${firstLine(reason)}`)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}

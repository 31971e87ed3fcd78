import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { messageOf } from '../../ledger/files.ts'
import { literal, rows, setAside, transaction } from './database.ts'
import type { Report } from './happening.ts'

/** Steps of sealing, in order; tests kill the process at each of them. */
export type SealStep = 'announced' | 'written' | 'synced' | 'renamed' | 'deleted' | 'registered'

/**
 * Row groups are small, since one hit costs unpacking its group's documents. Measured on 50,000
 * events, machine busy: 6,144 rows take 2.1 s of CPU a
 * million events, 83 bytes an event and 2.4 ms to fetch a document; 20,480 rows 2.3 s, 76 bytes and 8.1 ms.
 */
const FORMAT = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 6144, KV_METADATA {written_by: 'sluice'}"

/**
 * The sealed partitions. A part is announced in the database before its first byte is written, so that after a crash
 * exactly the files that this store has begun and not finished are removed, and nobody else's.
 */
export class Parts {
  readonly #connection: DuckDBConnection
  readonly #directory: string
  readonly #report: Report
  readonly #step: (step: SealStep) => unknown

  constructor(connection: DuckDBConnection, directory: string, report: Report, step: (step: SealStep) => unknown) {
    this.#connection = connection
    this.#directory = directory
    this.#report = report
    this.#step = step
  }

  /** After a start: ends what a crash has left half-done and checks that each registered part is there and whole. */
  async recover(fresh: boolean): Promise<void> {
    await this.removeUnused()
    for (const row of await this.#rows("SELECT file, events, bytes FROM parts WHERE state = 'sealed'")) {
      const path = join(this.#directory, String(row.file))
      const reason = faultOf(path, Number(row.bytes))
      if (reason === undefined) continue
      if (existsSync(path)) setAside(path, reason, this.#report, Number(row.events))
      else this.#report({ kind: 'missing', path, events: Number(row.events) })
      await this.#connection.run('DELETE FROM parts WHERE file = $1', [String(row.file)])
    }
    if (fresh) await this.#adopt()
  }

  /** Writes the rows of one day to a Parquet file and takes them out of `events`. Nobody may insert meanwhile. */
  async seal(day: string): Promise<void> {
    const connection = this.#connection
    const file = await this.#nextFile(day)
    const path = join(this.#directory, file)
    await connection.run("INSERT INTO parts VALUES ($1, $2::DATE, 'writing', 0, 0, NULL, NULL)", [file, day])
    await this.#step('announced')
    await mkdir(dirname(path), { recursive: true })
    const aside = `${path}.writing`
    const of = `FROM events WHERE day = ${literal(day)}::DATE`
    await connection.run(`COPY (SELECT * EXCLUDE (day) ${of}) TO ${literal(aside)} (${FORMAT})`)
    await this.#step('written')
    await sync(aside)
    await this.#step('synced')
    await rename(aside, path)
    await sync(dirname(path))
    await sync(this.#directory)
    await this.#step('renamed')
    const bytes = statSync(path).size
    const events = await transaction(connection, async () => {
      await connection.run(
        `UPDATE parts SET state = 'sealed', bytes = $2, events = s.events, oldest = s.oldest, newest = s.newest
          FROM (SELECT count(*) AS events, min(time) AS oldest, max(time) AS newest ${of}) s WHERE file = $1`,
        [file, BigInt(bytes)],
      )
      const { rowsChanged } = await connection.run(`DELETE ${of}`)
      await this.#step('deleted')
      return rowsChanged
    })
    await this.#step('registered')
    this.#report({ kind: 'sealed', path, day, events, bytes })
  }

  /** Drops parts from what queries see; their files go with the next `removeUnused`. */
  async drop(files: string[]): Promise<void> {
    for (const file of files) {
      await this.#connection.run("UPDATE parts SET state = 'dropped' WHERE file = $1", [file])
    }
  }

  /** Removes files of dropped and of unfinished parts. No query that began before may still run. */
  async removeUnused(): Promise<void> {
    for (const row of await this.#rows("SELECT file FROM parts WHERE state <> 'sealed'")) {
      const path = join(this.#directory, String(row.file))
      rmSync(path, { force: true })
      rmSync(`${path}.writing`, { force: true })
      if (existsSync(dirname(path)) && readdirSync(dirname(path)).length === 0)
        rmSync(dirname(path), { recursive: true })
      await this.#connection.run('DELETE FROM parts WHERE file = $1', [String(row.file)])
    }
  }

  /** Sets a part aside that can't be read. */
  async damaged(file: string, reason: string): Promise<void> {
    const [row] = await this.#rows('SELECT events FROM parts WHERE file = $1', file)
    if (row === undefined) return // another search has met it, too
    await this.#connection.run('DELETE FROM parts WHERE file = $1', [file])
    setAside(join(this.#directory, file), reason, this.#report, Number(row.events))
  }

  /** With a new database beside old parts (it was damaged, or deleted), those that carry our mark are taken over. */
  async #adopt(): Promise<void> {
    for (const { file, day } of partFiles(this.#directory)) {
      const path = join(this.#directory, file)
      try {
        const marks = await this.#rows(`SELECT decode(value) AS mark FROM parquet_kv_metadata(${literal(path)})
          WHERE decode(key) = 'written_by'`)
        if (marks[0]?.mark !== 'sluice') continue
        await this.#connection.run(
          `INSERT INTO parts SELECT $1, $2::DATE, 'sealed', count(*), $3, min(time), max(time)
            FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
          [file, day, BigInt(statSync(path).size)],
        )
      } catch (error) {
        setAside(path, messageOf(error), this.#report)
      }
    }
  }

  async #nextFile(day: string): Promise<string> {
    const [row] = await this.#rows('SELECT count(*) AS n FROM parts WHERE day = $1::DATE', day)
    for (let n = Number(row?.n ?? 0) + 1; ; n++) {
      const file = `day=${day}/part-${n}.parquet`
      const [known] = await this.#rows('SELECT file FROM parts WHERE file = $1', file)
      if (known === undefined && !existsSync(join(this.#directory, file))) return file
    }
  }

  #rows(sql: string, ...values: string[]) {
    return rows(this.#connection, sql, values)
  }
}

function* partFiles(directory: string): Generator<{ file: string; day: string }> {
  for (const entry of readdirSync(directory)) {
    const day = /^day=(\d{4}-\d\d-\d\d)$/.exec(entry)?.[1]
    if (day === undefined) continue
    for (const name of readdirSync(join(directory, entry))) {
      if (/^part-\d+\.parquet$/.test(name)) yield { file: `${entry}/${name}`, day }
    }
  }
}

/** Cheap check at start: a part never changes, so its size must be the registered one. */
function faultOf(path: string, bytes: number): string | undefined {
  if (!existsSync(path)) return 'the file is gone'
  const { size } = statSync(path)
  return size === bytes ? undefined : `the file has ${size} bytes, ${bytes} were written`
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { Batch } from '../../buffer/buffer.ts'
import { messageOf } from '../../ledger/files.ts'
import { stamp } from './database.ts'
import { ROWS } from './rows.ts'

export type Refusal = [index: number, reason: string]

/** What of a batch can be stored: its own body, or what is left of it, and why the rest can't. */
export interface Sifted {
  body: Uint8Array
  refused: Refusal[]
}

const LINE_FEED = 0x0a

/** Puts batches into `events`. */
export class Ingest {
  readonly #insert: DuckDBPreparedStatement
  readonly #probe: DuckDBPreparedStatement
  readonly #connection: DuckDBConnection

  private constructor(connection: DuckDBConnection, insert: DuckDBPreparedStatement, probe: DuckDBPreparedStatement) {
    this.#connection = connection
    this.#insert = insert
    this.#probe = probe
  }

  static async create(connection: DuckDBConnection): Promise<Ingest> {
    await connection.run('CREATE TEMP TABLE probe AS FROM events LIMIT 0')
    return new Ingest(
      connection,
      await connection.prepare(`INSERT INTO events ${ROWS}`),
      await connection.prepare(`INSERT INTO probe ${ROWS}`),
    )
  }

  /**
   * Returns the rows inserted. `received`: ms, for documents that do not state it. Ten batches in one statement cost
   * 9.5 s of CPU a million events (sealing included), in ten statements 11.2 (one run of 400,000 each).
   */
  insert(bodies: Uint8Array[], received: number): Promise<number> {
    return run(this.#insert, bodies.length === 1 && bodies[0] ? bodies[0] : Buffer.concat(bodies), received)
  }

  /**
   * Finds the documents that DuckDB can't take, by halving. Runs outside of a transaction, since a failed statement
   * ends the one it is in. Rejects when the fault is not the documents' own.
   */
  async sift(batch: Batch): Promise<Sifted> {
    const pairs = pairsOf(batch.body)
    if (pairs.length !== batch.count) {
      const reason = `the batch says ${batch.count} events, its body holds ${pairs.length}`
      return { body: new Uint8Array(), refused: Array.from({ length: batch.count }, (_, index) => [index, reason]) }
    }
    const refused: Refusal[] = []
    await this.#halve(pairs, 0, pairs.length, batch.received.from, refused)
    await this.#connection.run('TRUNCATE probe')
    const bad = new Set(refused.map(([index]) => index))
    return { body: Buffer.concat(pairs.filter((_, index) => !bad.has(index))), refused }
  }

  async #halve(pairs: Uint8Array[], from: number, to: number, received: number, refused: Refusal[]): Promise<void> {
    let reason: string
    try {
      const taken = await run(this.#probe, Buffer.concat(pairs.slice(from, to)), received)
      if (taken === to - from) return
      reason = `${taken} rows came of ${to - from} events`
    } catch (error) {
      if (!isDataError(error)) throw error
      reason = messageOf(error).split('\n', 1)[0] ?? ''
    }
    if (to - from === 1) {
      refused.push([from, reason])
      return
    }
    const middle = (from + to) >> 1
    await this.#halve(pairs, from, middle, received, refused)
    await this.#halve(pairs, middle, to, received, refused)
  }
}

/** False for faults of the machine (memory, disk) and of DuckDB itself: the events are not to blame for those. */
export function isDataError(error: unknown): boolean {
  return /^(Invalid Input|Conversion|Out of Range|Constraint|Invalid unicode)/i.test(messageOf(error))
}

async function run(statement: DuckDBPreparedStatement, body: Uint8Array, received: number): Promise<number> {
  if (body.length === 0) return 0
  statement.bindBlob(1, body)
  statement.bindTimestamp(2, stamp(received))
  const result = await statement.run()
  return result.rowsChanged
}

/** Cuts a body into pairs of lines, line feeds included. A line without its pair counts as one, and will be refused. */
function pairsOf(body: Uint8Array): Uint8Array[] {
  const pairs: Uint8Array[] = []
  for (let start = 0; start < body.length; ) {
    const middle = body.indexOf(LINE_FEED, start)
    const end = middle < 0 ? -1 : body.indexOf(LINE_FEED, middle + 1)
    const next = end < 0 ? body.length : end + 1
    pairs.push(body.subarray(start, next))
    start = next
  }
  return pairs
}

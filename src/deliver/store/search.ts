import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { literal, rows, stamp } from './database.ts'
import { MAX_BUCKETS, type TopField } from './question.ts'
import { parseText, quoteRe2 } from './text.ts'

/** Which events; all that is given must hold. Times are ms since the epoch, `from` inclusive, `to` exclusive. */
export interface Filter {
  /** See text.ts. */
  text?: string | undefined
  from?: number | undefined
  to?: number | undefined
  /** Exact, upper and lower case the same; several: any of them. */
  host?: string[] | undefined
  program?: string[] | undefined
  dataset?: string[] | undefined
  route?: string[] | undefined
  /** Severity codes (0 to 7): any of them. */
  severity?: number[] | undefined
}

const HIT = 'id, time, host, program, level, dataset, route, message'

/** A search over the open table and the parts whose times overlap: SQL and its values. */
export interface Search {
  sql: string
  values: DuckDBValue[]
}

/**
 * The parts that can hold events of the filter's time, the newest first: a search for the newest events skips the row
 * groups that are older than those it has. To be asked in the transaction of the search.
 */
export async function partsFor(connection: DuckDBConnection, filter: Filter): Promise<string[]> {
  const { where, values } = conditions({ from: filter.from, to: filter.to }, 'newest', 'oldest')
  const found = await rows(
    connection,
    `SELECT file FROM parts WHERE state = 'sealed' AND ${where} ORDER BY newest DESC`,
    values,
  )
  return found.map((row) => String(row.file))
}

export interface EventsOptions extends Filter {
  order?: 'newest' | 'oldest'
  limit?: number
  doc?: boolean
}

export function eventsSearch(paths: string[], options: EventsOptions): Search {
  return hitsSearch(paths, options, options.doc === false ? HIT : `${HIT}, doc`)
}

/** The time of the last of the hits that `eventsSearch` gives. */
export function timesSearch(paths: string[], options: EventsOptions): Search {
  const { sql, values } = hitsSearch(paths, options, 'time, id')
  return { sql: `SELECT ${options.order === 'oldest' ? 'max' : 'min'}(time) AS time FROM (${sql})`, values }
}

function hitsSearch(paths: string[], options: EventsOptions, columns: string): Search {
  const { order = 'newest', limit = 100 } = options
  const { from, values } = source(order === 'newest' ? paths : paths.toReversed(), columns, options)
  const direction = order === 'newest' ? 'DESC' : 'ASC'
  const sql = `SELECT ${columns} FROM ${from} ORDER BY time ${direction}, id ${direction} LIMIT ${Math.trunc(limit)}`
  return { sql, values }
}

export function histogramSearch(paths: string[], filter: Filter, interval: number): Search {
  const { from, values } = source(paths, 'time', filter)
  const start = `floor(epoch_ms(time) / ${Math.trunc(interval)})`
  const sql = `SELECT ${start} * ${Math.trunc(interval)} AS time, count(*) AS events FROM ${from} GROUP BY ${start}
    ORDER BY 1 LIMIT ${MAX_BUCKETS + 1}`
  return { sql, values }
}

export function topSearch(paths: string[], filter: Filter, field: TopField, n: number): Search {
  const { from, values } = source(paths, field, filter)
  const sql = `SELECT ${field} AS value, count(*) AS events FROM ${from} GROUP BY ${field}
    ORDER BY events DESC, value LIMIT ${Math.trunc(n)}`
  return { sql, values }
}

function source(paths: string[], columns: string, filter: Filter): { from: string; values: DuckDBValue[] } {
  const { where, values } = conditions(filter)
  const table = `SELECT ${columns} FROM events WHERE ${where}`
  if (paths.length === 0) return { from: `(${table})`, values }
  const files = `read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = false)`
  return { from: `(${table} UNION ALL SELECT ${columns} FROM ${files} WHERE ${where})`, values }
}

/** Everything from outside goes in as a parameter. */
function conditions(filter: Filter, last = 'time', first = 'time'): { where: string; values: DuckDBValue[] } {
  const all: string[] = ['true']
  const values: DuckDBValue[] = []
  const value = (of: DuckDBValue) => `$${values.push(of)}`
  if (filter.from !== undefined) all.push(`${last} >= ${value(stamp(filter.from))}`)
  if (filter.to !== undefined) all.push(`${first} < ${value(stamp(filter.to))}`)
  for (const field of ['host', 'program', 'dataset', 'route'] as const) {
    const wanted = filter[field]?.map((one) => `lower(${value(one)})`)
    if (wanted !== undefined) all.push(`lower(${field}) IN (${wanted.join(', ')})`)
  }
  if (filter.severity !== undefined) all.push(`severity IN (${filter.severity.map((code) => value(code)).join(', ')})`)
  for (const { text, exclude } of parseText(filter.text ?? '')) {
    const found = `regexp_matches(message, ${value(quoteRe2(text))}, 'i')`
    all.push(exclude ? `coalesce(NOT ${found}, true)` : found)
  }
  return { where: all.join(' AND '), values }
}

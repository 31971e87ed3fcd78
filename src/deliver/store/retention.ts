import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { FILE, rows } from './database.ts'
import type { Report } from './happening.ts'
import type { Parts } from './parts.ts'

export interface Retention {
  /** Days kept besides today (UTC). */
  days?: number | undefined
  /** Bytes that the files may take together. */
  size?: number | undefined
}

interface Expired {
  file: string
  day: string
  events: number
  bytes: number
  rule: 'days' | 'size'
}

const DAY_MS = 86_400_000

/** Drops what is too old or too much, the oldest whole days first, and reports each part. */
export async function retain(
  connection: DuckDBConnection,
  parts: Parts,
  { retention, path, report, now }: { retention: Retention; path: string; report: Report; now: () => number },
): Promise<void> {
  const today = dayOf(now())
  const oldest = retention.days === undefined ? '' : dayOf(now() - retention.days * DAY_MS)
  const gone = await expired(connection, retention.size, oldest, today, databaseSize(path))
  await parts.drop(gone.map((part) => part.file))
  for (const { day, events, bytes, rule } of gone) report({ kind: 'expired', day, events, bytes, rule })
  if (oldest === '') return
  const late = await rows(
    connection,
    `SELECT day::VARCHAR AS day, count(*) AS events, sum(strlen(doc)) AS bytes FROM events
      WHERE day < $1::DATE GROUP BY events.day`,
    [oldest],
  )
  for (const { day, events, bytes } of late) {
    await connection.run('DELETE FROM events WHERE day = $1::DATE', [String(day)])
    report({ kind: 'expired', day: String(day), events: Number(events), bytes: Number(bytes), rule: 'days' })
  }
}

async function expired(
  connection: DuckDBConnection,
  size = Number.POSITIVE_INFINITY,
  oldest: string,
  today: string,
  databaseBytes: number,
): Promise<Expired[]> {
  const sealed = await rows(
    connection,
    `SELECT file, day::VARCHAR AS day, events, bytes FROM parts WHERE state = 'sealed' ORDER BY parts.day, oldest, file`,
  )
  const gone: Expired[] = []
  let total = databaseBytes + sealed.reduce((sum, part) => sum + Number(part.bytes), 0)
  let going = ''
  for (const row of sealed) {
    const part = { file: String(row.file), day: String(row.day), events: Number(row.events), bytes: Number(row.bytes) }
    const old = part.day < oldest
    if (!old && total <= size && part.day !== going) continue
    // A day goes as a whole; of today, which is still being written, only as much as must.
    if (part.day < today) going = part.day
    total -= part.bytes
    gone.push({ ...part, rule: old ? 'days' : 'size' })
  }
  return gone
}

function databaseSize(path: string): number {
  const files = [join(path, FILE), join(path, `${FILE}.wal`)]
  return files.reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0)
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

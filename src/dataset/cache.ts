import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DatasetDefinition } from './format.ts'

/** Beside Node's own compile cache. */
const PLACE = fileURLToPath(new URL('../../node_modules/.cache/sluice-datasets', import.meta.url))
const FORMAT = fileURLToPath(new URL('./format.ts', import.meta.url))

/**
 * Definitions that were read and checked before, kept as JSON under the hash of the very texts that they came from (and
 * of the declaration that they were checked with): reading 60 files of YAML anew takes most of the time to start.
 * Without a place to write, or with a damaged file, they are read anew; nothing depends on the cache.
 */
export function cached(paths: readonly string[], read: () => DatasetDefinition[]): DatasetDefinition[] {
  let file: string
  try {
    const hash = createHash('sha256').update(readFileSync(FORMAT))
    for (const path of paths) hash.update(`\0${path}\0`).update(readFileSync(path))
    file = join(PLACE, `${hash.digest('hex').slice(0, 32)}.json`)
  } catch {
    return read()
  }
  try {
    const definitions: DatasetDefinition[] = JSON.parse(readFileSync(file, 'utf8'))
    return definitions
  } catch {
    const definitions = read()
    keep(file, definitions)
    return definitions
  }
}

/** Only the newest is kept, written aside so that nobody reads half of it. */
function keep(file: string, definitions: DatasetDefinition[]): void {
  try {
    rmSync(PLACE, { recursive: true, force: true })
    mkdirSync(PLACE, { recursive: true })
    const aside = `${file}.${process.pid}`
    writeFileSync(aside, JSON.stringify(definitions))
    renameSync(aside, file)
  } catch {
    // Read-only installations read the files each time.
  }
}

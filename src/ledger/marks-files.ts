import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from './files.ts'
import type { OnHappening } from './happening.ts'
import { isMark, type Mark, MarkSet, parseSnapshot } from './mark-set.ts'
import { setAside } from './quarantine.ts'
import { fileHeader, readBody, scan } from './records.ts'

export const JOURNAL = 'SLMJ'
export const SNAPSHOT = 'SLMS'
const NAME = /^marks-(\d{8,15})\.(journal|snapshot)$/

export interface LedgerFile {
  name: string
  generation: number
  kind: 'journal' | 'snapshot'
}

/** The ledger's files, oldest first. */
export async function list(directory: string): Promise<LedgerFile[]> {
  const files: LedgerFile[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const [, generation, kind] = NAME.exec(entry.name) ?? []
    if (entry.isFile() && (kind === 'journal' || kind === 'snapshot')) {
      files.push({ name: entry.name, generation: Number(generation), kind })
    }
  }
  return files.sort((a, b) => a.generation - b.generation)
}

export function fileName(generation: number, kind: LedgerFile['kind']): string {
  return `marks-${String(generation).padStart(8, '0')}.${kind}`
}

/** The newest snapshot that can be read and the journals since. `end`: where to go on; 0: there is no journal yet. */
export async function load(dir: string, onHappening?: OnHappening) {
  const files = await list(dir)
  for (const name of await readdir(dir)) {
    // Left by a crash while a snapshot was written.
    if (name.endsWith('.snapshot.new')) await rm(join(dir, name), { force: true })
  }
  const snapshots = files.filter(({ kind }) => kind === 'snapshot').reverse()
  let set = new MarkSet()
  let from = 0
  for (const { name, generation } of snapshots) {
    const found = await readSnapshot(join(dir, name), onHappening)
    if (!found) continue
    set = found
    from = generation
    break
  }
  const first = files.find(({ kind }) => kind === 'journal')?.generation ?? 0
  if (from === 0 && snapshots.length > 0 && first !== 1) {
    const text = `no snapshot of the settled batches in ${dir} can be read: the sums begin anew with what the journals hold`
    onHappening?.({ kind: 'marks_lost', text })
  }
  let end = 0
  let generation = (files.at(-1)?.generation ?? 0) || 1
  for (const file of files) {
    if (file.kind !== 'journal' || file.generation < from) continue
    const path = join(dir, file.name)
    end = await replay(path, set, onHappening)
    generation = Math.max(generation, file.generation)
  }
  const last = files.filter(({ kind }) => kind === 'journal').at(-1)
  if (last?.generation !== generation) end = 0
  return { set, generation, end }
}

async function readSnapshot(path: string, onHappening?: OnHappening): Promise<MarkSet | undefined> {
  const file = await open(path, 'r')
  try {
    for await (const found of scan(file, SNAPSHOT)) {
      if (found.kind === 'damage') continue
      const body = await readBody(file, found)
      if (body) return MarkSet.from(parseSnapshot(body.toString()))
    }
  } catch {
    // Told below, like any other damage.
  } finally {
    await file.close()
  }
  await damaged(path, 0, undefined, onHappening)
  return undefined
}

/** Adds a journal's marks to the set; returns where its content ends. */
async function replay(path: string, set: MarkSet, onHappening?: OnHappening): Promise<number> {
  const file = await open(path, 'r')
  let end = fileHeader(JOURNAL).length
  try {
    for await (const found of scan(file, JOURNAL)) {
      end = found.end
      const entry = found.kind === 'record' ? parseEntry(found.header) : undefined
      if (entry?.mark) set.add(entry.mark)
      else if (entry?.retire !== undefined) set.retire(entry.retire)
      else await damaged(path, found.start, found.end, onHappening)
    }
  } catch (error) {
    // A disk that can't read: what is behind counts as not settled, and new records go behind the file's end.
    end = (await file.stat()).size
    onHappening?.({ kind: 'damaged', text: `${path} can't be read to its end (${messageOf(error)})`, file: path })
  } finally {
    await file.close()
  }
  return end
}

async function damaged(path: string, start: number, end: number | undefined, onHappening?: OnHappening) {
  const file = await open(path, 'r')
  try {
    const { copy, isNew } = await setAside(file, path, start, end ?? (await file.stat()).size)
    const text = `${path} is damaged at byte ${start}; set aside as ${copy}. What it had settled is delivered again.`
    if (isNew) onHappening?.({ kind: 'damaged', text, file: copy })
  } catch (error) {
    const text = `${path} is damaged at byte ${start} and can't be set aside (${messageOf(error)})`
    onHappening?.({ kind: 'damaged', text, file: path })
  } finally {
    await file.close()
  }
}

/** A journal's record; undefined when it is none. */
function parseEntry(text: string): { mark?: Mark; retire?: string } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (isMark(value)) return { mark: value }
    return typeof value === 'object' && value && 'retire' in value ? { retire: String(value.retire) } : undefined
  } catch {
    return undefined
  }
}

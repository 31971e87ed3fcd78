import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { setAside } from '../../ledger/quarantine.ts'
import { type Damage, scan } from '../../ledger/records.ts'
import { type BatchHeader, parseHeader } from './header.ts'
import { type Place, SEGMENT, type Segment } from './segments.ts'

const NAME = /^(\d{8,15})\.segment$/

export interface Recovery {
  /** Called for each segment, oldest first, before its records. */
  segment(segment: Segment): void
  /** A record that can be read as far as was checked: headers always, bodies in the newest segment. */
  record(header: BatchHeader, place: Place): void | Promise<void>
  /** A record whose body is damaged. `torn`: it is the last of all, and was not written to its end. */
  lost(header: BatchHeader, torn: boolean): void
}

/**
 * Reads the segments of a directory. Bodies are checked in the newest one only: all others were on the disk before it
 * was begun, so that a crash can't have torn them; their bodies are checked when they are delivered.
 */
export async function recover(directory: string, into: Recovery, onHappening?: OnHappening): Promise<void> {
  const names: { id: number; name: string }[] = []
  for (const entry of await list(directory)) {
    const id = entry.isFile() ? Number(NAME.exec(entry.name)?.[1] ?? 0) : 0
    if (id > 0) names.push({ id, name: entry.name })
    else if (entry.name !== 'quarantine') {
      const file = join(directory, entry.name)
      onHappening?.({ kind: 'stray', text: `${file} is no file of the buffer; it is left alone`, file })
    }
  }
  names.sort((a, b) => a.id - b.id)
  for (const [index, { id, name }] of names.entries()) {
    const path = join(directory, name)
    const segment: Segment = { id, path, bytes: 0, live: 0, position: 0, active: false, keep: false, reading: 0 }
    try {
      await recoverSegment(segment, index === names.length - 1, into, onHappening)
    } catch (error) {
      // A disk that can't read. The file stays: what it holds may be had again.
      segment.keep = true
      onHappening?.({ kind: 'damaged', text: `${path} can't be read to its end (${messageOf(error)})`, file: path })
    }
  }
}

async function list(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

async function recoverSegment(segment: Segment, isNewest: boolean, into: Recovery, onHappening?: OnHappening) {
  const file = await open(segment.path, 'r+')
  try {
    segment.bytes = (await file.stat()).size
    into.segment(segment)
    for await (const found of scan(file, SEGMENT, { bodies: isNewest, size: segment.bytes })) {
      const header = found.header === undefined ? undefined : parseHeader(found.header)
      if (found.kind === 'record' && header) {
        await into.record(header, { segment, body: found.body, end: found.end, bodyCrc: found.bodyCrc })
        continue
      }
      const damage: Damage = found.kind === 'damage' ? found : { ...found, kind: 'damage', cut: false }
      const torn = damage.cut && isNewest
      if (header) into.lost(header, torn)
      await keepDamage(file, segment, damage, torn, header, onHappening)
    }
  } finally {
    await file.close()
  }
}

async function keepDamage(
  file: FileHandle,
  segment: Segment,
  { start, end }: Damage,
  torn: boolean,
  header?: BatchHeader,
  onHappening?: OnHappening,
) {
  const { path } = segment
  const what = header ? `batch ${header.stream}-${header.number} of ${header.count} events` : `${end - start} bytes`
  const how = torn ? 'was not written to its end' : 'is damaged'
  const known = header ? { events: header.count } : {}
  try {
    const { copy, isNew } = await setAside(file, path, start, end)
    // A torn end is taken away, or it would be a damage of an older segment at the next start.
    if (torn) await file.truncate(start)
    const text = `${what} at byte ${start} of ${path} ${how}; set aside as ${copy}`
    if (isNew) onHappening?.({ kind: torn ? 'torn' : 'damaged', text, file: copy, ...known })
  } catch (error) {
    segment.keep = true
    const text = `${what} at byte ${start} of ${path} ${how}, and can't be set aside (${messageOf(error)})`
    onHappening?.({ kind: 'damaged', text, file: path, ...known })
  }
}

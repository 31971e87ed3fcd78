import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Appender } from '../../ledger/appender.ts'
import { messageOf, syncDirectory } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { FILE_HEADER, readBody } from '../../ledger/records.ts'

export const SEGMENT = 'SLSG'

/** One file of batches. It is deleted when all of them are settled. */
export interface Segment {
  readonly id: number
  readonly path: string
  bytes: number
  /** Records that are not settled, or still being written. */
  live: number
  /** Order of the newest position that a record of it carries; 0 for none. */
  position: number
  active: boolean
  /** Holds a damage that could not be set aside: stays until a start at which it can. */
  keep: boolean
  reader?: Promise<FileHandle> | undefined
  reading: number
}

/** Where a record lies. */
export interface Place {
  segment: Segment
  body: number
  end: number
  bodyCrc: number
}

export interface SegmentsOptions {
  segmentBytes: number
  /** Must have made safe all that a segment knows before the segment goes. */
  beforeDelete: (segment: Segment) => Promise<void>
  onHappening?: OnHappening | undefined
}

/** The segment that is appended to. `writing` counts who is about to use it, from before `ready` is awaited. */
interface Current {
  ready: Promise<{ segment: Segment; appender: Appender }>
  writing: number
}

/** The segment files of one output: appending to the newest, reading from any, deleting the settled ones. */
export class Segments {
  readonly directory: string
  readonly #options: SegmentsOptions
  readonly #all = new Map<number, Segment>()
  #nextId = 1
  #current: Current | undefined
  #left = 0
  #retiring: Promise<void> = Promise.resolve()
  #deleting: Promise<void> = Promise.resolve()
  /** Bytes of all segments, with what is being written. */
  bytes = 0

  constructor(directory: string, options: SegmentsOptions) {
    this.directory = directory
    this.#options = options
  }

  /** A segment found at the start. */
  adopt(segment: Segment): void {
    this.#all.set(segment.id, segment)
    this.#nextId = Math.max(this.#nextId, segment.id + 1)
    this.bytes += segment.bytes
  }

  /**
   * Resolves when the record is written, or with `sync` when it is on the disk. Records are written in the order of the
   * calls; a new segment is begun only when the one before is on the disk, so that a power cut can tear the newest
   * alone.
   */
  async append(head: Buffer, body: Uint8Array, { position = 0, sync = false }): Promise<Place> {
    const length = head.byteLength + body.byteLength
    if (!this.#current || this.#left < length) {
      this.#current = { ready: this.#begin(this.#current), writing: 0 }
      this.#left = this.#options.segmentBytes
    }
    this.#left -= length
    this.bytes += length
    const current = this.#current
    let segment: Segment | undefined
    current.writing++
    try {
      const active = await current.ready
      segment = active.segment
      segment.live++
      segment.bytes += length
      const start = await active.appender.append([head, body])
      segment.position = Math.max(segment.position, position)
      if (sync) await active.appender.sync()
      const bodyStart = start + head.byteLength
      return { segment, body: bodyStart, end: start + length, bodyCrc: head.readUInt32LE(12) }
    } catch (error) {
      // The next append begins a new segment: what this one holds behind its last good record is nobody's.
      if (this.#current === current) this.#current = undefined
      if (segment) {
        segment.bytes -= length
        const { appender } = await current.ready
        await this.#end(appender, segment)
        this.drop(segment)
      }
      this.bytes -= length
      throw error
    } finally {
      current.writing--
    }
  }

  async read(place: Place): Promise<Buffer | undefined> {
    const { segment } = place
    segment.reading++
    try {
      segment.reader ??= open(segment.path, 'r')
      return await readBody(await segment.reader, place)
    } catch (error) {
      segment.reader = undefined
      throw error
    } finally {
      segment.reading--
    }
  }

  /** A record of the segment is settled. */
  drop(segment: Segment): void {
    segment.live--
    if (segment.live > 0) return
    // A segment in use that is settled to its end makes room before it is full, or a small budget would stay used up.
    if (!segment.active) this.#deleteIfOver(segment)
    else if (segment.bytes > this.#options.segmentBytes / 4) {
      this.#retiring = this.#retiring.then(() => this.#retire(segment))
    }
  }

  async sync(): Promise<void> {
    const current = await this.#current?.ready.catch(() => undefined)
    await current?.appender.sync()
  }

  /** Each second: deletes what could not be deleted before, closes what nobody reads. */
  tick(): void {
    for (const segment of this.#all.values()) {
      this.#deleteIfOver(segment)
      if (segment.reading === 0) void closeReader(segment)
    }
  }

  async close(): Promise<void> {
    await this.#retiring
    const current = await this.#current?.ready.catch(() => undefined)
    this.#current = undefined
    if (current) {
      await this.#end(current.appender, current.segment)
      this.#deleteIfOver(current.segment)
    }
    await this.#deleting
    await Promise.all([...this.#all.values()].map(closeReader))
  }

  async #begin(before: Current | undefined) {
    const old = await before?.ready.catch(() => undefined)
    if (old) {
      await this.#end(old.appender, old.segment)
      this.#deleteIfOver(old.segment)
    }
    await mkdir(this.directory, { recursive: true })
    const id = this.#nextId++
    const path = join(this.directory, `${String(id).padStart(8, '0')}.segment`)
    const appender = await Appender.create(path, SEGMENT).catch(async (error) => {
      await rm(path, { force: true }).catch(() => {})
      throw error
    })
    await syncDirectory(this.directory)
    const segment = { id, path, bytes: FILE_HEADER, live: 0, position: 0, active: true, keep: false, reading: 0 }
    this.#all.set(id, segment)
    this.bytes += FILE_HEADER
    return { segment, appender }
  }

  async #end(appender: Appender, segment: Segment) {
    if (!segment.active) return
    segment.active = false
    await appender.close().catch((error) => this.#tell(segment.path, `can't be synced (${messageOf(error)})`))
  }

  async #retire(segment: Segment) {
    const current = this.#current
    const active = await current?.ready.catch(() => undefined)
    const isIdle = current?.writing === 0 && this.#current === current && segment.live === 0
    if (!isIdle || active?.segment !== segment) return
    this.#current = undefined
    await this.#end(active.appender, segment)
    this.#deleteIfOver(segment)
  }

  #deleteIfOver(segment: Segment) {
    if (segment.live > 0 || segment.active || segment.keep) return
    this.#deleting = this.#deleting.then(async () => {
      if (!this.#all.has(segment.id)) return
      try {
        await this.#options.beforeDelete(segment)
        await closeReader(segment)
        await rm(segment.path, { force: true })
        this.#all.delete(segment.id)
        this.bytes -= segment.bytes
      } catch (error) {
        this.#tell(segment.path, `can't be deleted (${messageOf(error)}); trying again`)
      }
    })
  }

  #tell(file: string, what: string) {
    this.#options.onHappening?.({ kind: 'write_failed', text: `${file} ${what}`, file })
  }
}

async function closeReader(segment: Segment): Promise<void> {
  const reader = segment.reader
  segment.reader = undefined
  const file = await reader?.catch(() => undefined)
  await file?.close()
}

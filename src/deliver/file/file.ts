import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Batch, Outcome } from '../../buffer/buffer.ts'
import { errorCode, messageOf } from '../../ledger/files.ts'
import { Lines, writeLines } from '../ndjson.ts'
import type { Output } from '../output.ts'

export interface FileOptions {
  /** %Y, %m and %d are the event's day, %% a percent sign. */
  path: string
  id: boolean
}

/** Files of so many days may be open: late events go to those of the month before. */
const MOST_OPEN = 40
const LINE_END = 0x0a

/**
 * Appends events to files, one JSON document a line, each on the disk before its batch settles. When a write fails, what
 * it left is cut off again and nothing settles. After a crash in between events are written again: at least once.
 */
export class FileOutput implements Output {
  readonly #options: FileOptions
  readonly #open = new Map<string, FileHandle>()
  /** By path: what is being written there, or was the last time. */
  readonly #lines = new Map<string, Lines>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: FileOptions) {
    this.#options = options
  }

  deliver(batches: Batch[]): Promise<Outcome[]> {
    return this.#inTurn(async () => {
      this.#fill(batches)
      await this.#write()
      return batches.map(({ count }) => ({ done: count, duplicate: 0, exceptions: [] }))
    })
  }

  /** The files that were moved are left, and those of the same names begun. */
  reopen(): Promise<void> {
    return this.#inTurn(() => this.#closeAll())
  }

  close(): Promise<void> {
    return this.reopen()
  }

  /** Into memory of before, mostly: left to the garbage collector, 8 MB a call are what makes it run. */
  #fill(batches: Batch[]): void {
    const today = new Date().toISOString().slice(0, 10)
    for (const [path, lines] of this.#lines) {
      if (lines.bytes.length > 0) lines.clear()
      else {
        lines.free()
        this.#lines.delete(path)
      }
    }
    writeLines(batches, this.#options.id, (day = today) => {
      const path = fill(this.#options.path, day)
      const lines = this.#lines.get(path) ?? new Lines()
      this.#lines.set(path, lines)
      return lines
    })
  }

  /** All of it, or none. */
  async #write(): Promise<void> {
    if (this.#open.size > MOST_OPEN) await this.#closeAll()
    const begun: { file: FileHandle; size: number }[] = []
    try {
      for (const [path, { bytes }] of this.#lines) {
        if (bytes.length === 0) continue
        const { file, size } = await this.#file(path)
        begun.push({ file, size })
        await file.appendFile(bytes)
        await sync(file)
      }
    } catch (error) {
      for (const { file, size } of begun) await file.truncate(size).catch(() => {})
      // What could not be cut off is ended by a line end when the file is opened again.
      await this.#closeAll()
      throw new Error(`nothing can be written to ${this.#options.path}: ${messageOf(error)}`, { cause: error })
    }
  }

  async #file(path: string): Promise<{ file: FileHandle; size: number }> {
    const known = this.#open.get(path)
    if (known !== undefined) {
      const { nlink, size } = await known.stat()
      if (nlink > 0) return { file: known, size }
      // Somebody has removed it.
      this.#open.delete(path)
      await known.close()
    }
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'a+', 0o640)
    this.#open.set(path, file)
    return { file, size: await endLine(file) }
  }

  async #closeAll(): Promise<void> {
    const files = [...this.#open.values()]
    this.#open.clear()
    for (const file of files) await file.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

/** A process that was killed may have left half a line: it is ended, so that it spoils no other. Gives the size. */
async function endLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat()
  if (size === 0) return 0
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  if (buffer[0] === LINE_END) return size
  await file.appendFile('\n')
  return size + 1
}

/** A device or a pipe has nothing to sync. */
async function sync(file: FileHandle): Promise<void> {
  try {
    await file.datasync()
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw error
  }
}

function fill(path: string, day: string): string {
  const [year = '', month = '', dayOfMonth = ''] = day.split('-')
  const values: Record<string, string> = { '%Y': year, '%m': month, '%d': dayOfMonth, '%%': '%' }
  return path.replaceAll(/%[Ymd%]/g, (field) => values[field] ?? field)
}

import { type FileHandle, open } from 'node:fs/promises'
import { fileHeader } from './records.ts'

interface Job {
  chunks: readonly Uint8Array[]
  length: number
  resolve: (start: number) => void
  reject: (error: unknown) => void
}

/** Two buffers a job; the kernel takes 1,024 at a time (IOV_MAX). */
const MOST_JOBS = 500

/**
 * Appends to a file: what is asked for while a write is under way goes out together with the next one. After a failed
 * write (a full disk) the file ends where the last whole record ends, and the next append is a new try.
 */
export class Appender {
  readonly path: string
  /** Where the next record begins, counting what still waits to be written. */
  end: number
  readonly #file: FileHandle
  readonly #reserve: number
  #written: number
  #reserved: number
  #queue: Job[] = []
  #draining: Promise<void> | undefined
  #dirty = true
  #syncing: Promise<void> = Promise.resolve()
  #nextSync: Promise<void> | undefined

  private constructor(file: FileHandle, path: string, end: number, reserved: number, reserve: number) {
    this.#file = file
    this.path = path
    this.end = end
    this.#written = end
    this.#reserved = reserved
    this.#reserve = reserve
  }

  /**
   * A new file of records. `reserve` keeps so many bytes written ahead (as zeros), so that small records find room on a
   * disk that is full; it is best effort.
   */
  static async create(path: string, kind: string, reserve = 0): Promise<Appender> {
    const file = await open(path, 'wx')
    try {
      const header = fileHeader(kind)
      await file.write(header, 0, header.length, 0)
      const appender = new Appender(file, path, header.length, header.length, reserve)
      await appender.#writeAhead()
      await file.datasync()
      return appender
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Goes on with an existing file behind `end`, which must be where its content ends. */
  static async reopen(path: string, end: number, reserve = 0): Promise<Appender> {
    const file = await open(path, 'r+')
    return new Appender(file, path, end, Math.max(end, (await file.stat()).size), reserve)
  }

  /** Resolves with the record's offset once the kernel has it (it is safe from kill -9, not from a power cut). */
  append(chunks: readonly Uint8Array[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
      this.#queue.push({ chunks, length, resolve, reject })
      this.end += length
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when all that was written before the call is on the disk. Calls that come meanwhile share the next sync. */
  sync(): Promise<void> {
    if (!this.#dirty && !this.#nextSync) return this.#syncing
    this.#nextSync ??= this.#syncing
      .catch(() => {})
      .then(async () => {
        this.#nextSync = undefined
        this.#syncing = this.#datasync()
        // Awaited by those who asked; an unhandled rejection would end the process.
        this.#syncing.catch(() => {})
        await this.#syncing
      })
    return this.#nextSync
  }

  /** Waits for what is queued, syncs and closes. */
  async close(): Promise<void> {
    await this.#draining
    try {
      await this.sync()
    } finally {
      await this.#file.close()
    }
  }

  async #datasync() {
    this.#dirty = false
    try {
      await this.#file.datasync()
    } catch (error) {
      this.#dirty = true
      throw error
    }
  }

  async #drain() {
    // What is asked for in the same turn goes out together: waking a thread for a write takes 0.1 ms.
    await null
    while (this.#queue.length > 0) {
      const jobs = this.#queue.splice(0, MOST_JOBS)
      const start = this.#written
      const chunks = jobs.flatMap((job) => job.chunks)
      const { length, error } = await this.#write(chunks, start)
      this.#dirty = true
      let whole = true
      for (const job of jobs) {
        whole &&= this.#written + job.length <= start + length
        if (whole) {
          job.resolve(this.#written)
          this.#written += job.length
        } else {
          job.reject(error)
        }
      }
      if (!whole) await this.#cutBack()
      if (this.#reserve > 0) await this.#writeAhead()
    }
    this.#draining = undefined
  }

  async #write(chunks: readonly Uint8Array[], position: number): Promise<{ length: number; error?: unknown }> {
    let length = 0
    let rest = chunks
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await this.#file.writev(rest, position + length)
        length += bytesWritten
        rest = behind(rest, bytesWritten)
      }
      return { length }
    } catch (error) {
      return { length, error }
    }
  }

  /** After a failure nothing half-written stays; what still waits in the queue begins at the new end. */
  async #cutBack() {
    this.end = this.#written + this.#queue.reduce((sum, job) => sum + job.length, 0)
    this.#reserved = this.#written
    // If this fails too, the next record is written over the piece.
    await this.#file.truncate(this.#written).catch(() => {})
  }

  async #writeAhead() {
    if (this.#reserve === 0 || this.#reserved - this.#written > this.#reserve / 2) return
    const from = Math.max(this.#reserved, this.#written)
    const zeros = Buffer.alloc(this.#written + this.#reserve - from)
    const { length } = await this.#write([zeros], from)
    this.#reserved = from + length
  }
}

function behind(chunks: readonly Uint8Array[], length: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = length
  for (const chunk of chunks) {
    if (skip >= chunk.byteLength) skip -= chunk.byteLength
    else {
      rest.push(skip > 0 ? chunk.subarray(skip) : chunk)
      skip = 0
    }
  }
  return rest
}

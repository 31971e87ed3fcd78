import type { Stats } from 'node:fs'
import { type FileHandle, lstat } from 'node:fs/promises'
import { ArchiveError, codeOf, openBelow } from './open.ts'

/** Whole lines for one file, and whom to tell when they are written or given up. */
export interface Chunk {
  bytes: Uint8Array
  lines: number
  done(): void
}

export interface Written {
  bytes: number
  lines: number
  /** What went wrong with the rest. */
  error?: unknown
}

const LF = Buffer.from('\n')
/** As many as writev(2) takes at once (IOV_MAX). */
const MAX_CHUNKS = 1024

/** One file of the archive. Its operations run one after the other, in the order in which they were asked for. */
export class ArchiveFile {
  readonly root: string
  readonly path: string
  /** Lines that wait for the next write. */
  waiting: Chunk[] = []
  /** Somebody sees to what waits. */
  draining = false
  /** Lines written since the last sync. */
  unsynced = 0
  #handle: FileHandle | undefined
  #opened: Stats | undefined
  #checkedAt = 0
  #pending = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(root: string, path: string) {
    this.root = root
    this.path = path
  }

  get isOpen(): boolean {
    return this.#handle !== undefined
  }

  /** No operation is under way. */
  get idle(): boolean {
    return this.#pending === 0
  }

  serial<T>(operation: () => Promise<T>): Promise<T> {
    this.#pending++
    const run = this.#last.then(operation).finally(() => this.#pending--)
    this.#last = run.catch(() => {})
    return run
  }

  async open(mayCreate: () => boolean): Promise<void> {
    const prefix = this.root === '/' ? '/' : `${this.root}/`
    const below = this.path.startsWith(prefix) ? this.path.slice(prefix.length) : ''
    const handle = await openBelow(this.root, below.split('/'), mayCreate)
    try {
      this.#opened = await handle.stat()
      // A write that a full disk or a crash cut short must not run into the next line.
      const { size } = this.#opened
      if (size > 0) {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
        if (bytesRead === 1 && buffer[0] !== 10) await handle.write(LF)
      }
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    this.#checkedAt = Date.now()
  }

  /** Takes what waits, 1,024 chunks at most. */
  take(): Chunk[] {
    return this.waiting.splice(0, MAX_CHUNKS)
  }

  async append(chunks: readonly Chunk[]): Promise<Written> {
    let bytes = 0
    let rest = chunks.map((chunk) => chunk.bytes).filter((bytes) => bytes.length > 0)
    try {
      while (rest.length > 0) {
        if (this.#handle === undefined) throw new ArchiveError('closed', `${this.path} is not open`)
        const { bytesWritten } = await this.#handle.writev(rest)
        if (bytesWritten === 0) throw new ArchiveError('EIO', `${this.path}: nothing could be written`)
        bytes += bytesWritten
        rest = drop(rest, bytesWritten)
      }
    } catch (error) {
      const lines = wholeLines(chunks, bytes)
      this.unsynced += lines
      return { bytes, lines, error }
    }
    const lines = sumLines(chunks)
    this.unsynced += lines
    return { bytes, lines }
  }

  async sync(): Promise<void> {
    if (this.#handle === undefined || this.unsynced === 0) return
    await this.#handle.datasync()
    this.unsynced = 0
  }

  /** Syncs and closes; closed also when it throws. */
  async close(): Promise<void> {
    const handle = this.#handle
    if (handle === undefined) return
    try {
      await this.sync()
    } finally {
      this.#handle = undefined
      await handle.close()
    }
  }

  /** True when the path does not lead to the open file any more (renamed, deleted); looked up every `everyMs` only. */
  async moved(everyMs: number): Promise<boolean> {
    const now = Date.now()
    if (this.#opened === undefined || Math.abs(now - this.#checkedAt) < everyMs) return false
    this.#checkedAt = now
    try {
      const { dev, ino } = await lstat(this.path)
      return dev !== this.#opened.dev || ino !== this.#opened.ino
    } catch (error) {
      return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
    }
  }
}

export function sumLines(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.lines, 0)
}

function drop(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes
  return buffers.flatMap((buffer) => {
    const gone = Math.min(left, buffer.length)
    left -= gone
    return gone === buffer.length ? [] : [buffer.subarray(gone)]
  })
}

/** The lines that end within the first `bytes` bytes. */
function wholeLines(chunks: readonly Chunk[], bytes: number): number {
  let lines = 0
  let left = bytes
  for (const { bytes: part } of chunks) {
    const written = part.subarray(0, left)
    for (let at = written.indexOf(10); at !== -1; at = written.indexOf(10, at + 1)) lines++
    left -= written.length
  }
  return lines
}

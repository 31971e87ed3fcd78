import { Budget, Reports, Slots } from './bounds.ts'
import { ArchiveFile, type Chunk, sumLines } from './file.ts'
import { ArchiveError, codeOf } from './open.ts'

export interface ArchiveOptions {
  /** Files held open at a time, the least recently used is closed first (default 512, at least 16). */
  openFiles?: number
  /** New directories and files per minute (default 600); what is over it goes to `<root>/_overflow.log`. */
  newPerMinute?: number
  /** How often written files are synced, and looked up again by their path, in ms (default 1000). */
  syncMs?: number
  /** Bytes that may wait to be written (default 32 MiB); what is over it is lost for the archive, and counted. */
  maxWaiting?: number
  onHappening(happening: ArchiveHappening): void
}

/** Told once per file and minute; `lines` = those since it was told last. The stats count them all. */
export type ArchiveHappening =
  | { kind: 'overflowed'; root: string; lines: number }
  | { kind: 'failed'; path: string; reason: string; message: string; lines: number }

export interface ArchivePart {
  /** PathTemplate's `root`, and the `path` below it. */
  root: string
  path: string
  /** Whole lines as writeArchiveLine writes them; the archive's until the write resolves. */
  bytes: Uint8Array
  lines: number
}

export interface ArchiveStats {
  lines: number
  bytes: number
  /** Lines that went to an `_overflow.log`; they are part of `lines` too. */
  overflowed: number
  /** Lines that could not be written, by reason: errno's name, `backlog`, `closed`, `not_a_file`, `bad_path`. */
  failed: Map<string, number>
  openFiles: number
  waitingBytes: number
}

// libuv has four threads for all files of the process: two stay free for the buffer's syncs.
const WRITERS = 2
/** What a waiting part costs beside its bytes, so that many small ones can't fill the memory. */
const CHUNK_COST = 512
const MAX_UNKNOWN_WAITING = 64
const MAX_KNOWN = 16_384

/**
 * Appends lines to the tree of log files. It never waits and never throws because of the file system: what can't be
 * written is counted as lost for the archive, and the next lines are tried afresh. Lines for one file stay in order
 * and are joined while it is being written. A file that was renamed or deleted is noticed within `syncMs` of the next
 * write, and by `reopen` at once.
 */
export class Archive {
  readonly #files = new Map<string, ArchiveFile>()
  /** In the order of use, the oldest first. */
  readonly #open = new Set<ArchiveFile>()
  /** Paths that exist, so that they are never taken for a stranger's invention. */
  readonly #known = new Set<string>()
  #unknownWaiting = 0
  readonly #failed = new Map<string, number>()
  readonly #slots = new Slots(WRITERS)
  readonly #budget: Budget
  readonly #reports: Reports<ArchiveHappening>
  readonly #maxOpen: number
  readonly #syncMs: number
  readonly #maxWaiting: number
  readonly #timer: NodeJS.Timeout
  #syncing: Promise<void> | undefined
  #whenDrained: (() => void) | undefined
  #closed = false
  #lines = 0
  #bytes = 0
  #overflowed = 0
  #waitingBytes = 0

  constructor({
    openFiles = 512,
    newPerMinute = 600,
    syncMs = 1000,
    maxWaiting = 32 * 1024 * 1024,
    onHappening,
  }: ArchiveOptions) {
    this.#maxOpen = Math.max(16, openFiles)
    this.#budget = new Budget(newPerMinute)
    this.#syncMs = syncMs
    this.#maxWaiting = maxWaiting
    this.#reports = new Reports((happening, lines) => onHappening({ ...happening, lines }))
    this.#timer = setInterval(() => this.#sync(), syncMs)
    this.#timer.unref()
  }

  get stats(): ArchiveStats {
    return {
      lines: this.#lines,
      bytes: this.#bytes,
      overflowed: this.#overflowed,
      failed: new Map(this.#failed),
      openFiles: this.#open.size,
      waitingBytes: this.#waitingBytes,
    }
  }

  /** Resolves when the system has taken the lines, or they are counted as failed; never rejects. */
  async write(parts: readonly ArchivePart[]): Promise<void> {
    await Promise.all(parts.map((part) => this.#take(part)))
  }

  /** Closes all files, so that the next lines go to whatever their paths then lead to: for logrotate's SIGHUP. */
  async reopen(): Promise<void> {
    await Promise.all([...this.#open].map((file) => this.#shut(file)))
  }

  /** Writes what waits, syncs and closes. Lines that come later are counted as failed. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#syncing
    if (this.#waitingBytes > 0) await new Promise<void>((resolve) => (this.#whenDrained = resolve))
    await this.reopen()
    this.#reports.sweep(true)
  }

  #take({ root, path, bytes, lines }: ArchivePart): Promise<void> {
    const cost = bytes.length + CHUNK_COST
    if (this.#closed || this.#waitingBytes + cost > this.#maxWaiting) {
      const error = this.#closed
        ? new ArchiveError('closed', 'the archive is closed')
        : new ArchiveError('backlog', `more than ${this.#maxWaiting} bytes wait to be written`)
      this.#fail(root, lines, error)
      return Promise.resolve()
    }
    this.#waitingBytes += cost
    return new Promise((resolve) => {
      const done = () => {
        this.#waitingBytes -= cost
        if (this.#waitingBytes === 0) this.#whenDrained?.()
        resolve()
      }
      this.#push(root, path, [{ bytes, lines, done }])
    })
  }

  #push(root: string, path: string, chunks: readonly Chunk[]): void {
    let file = this.#files.get(path)
    if (file === undefined) {
      file = new ArchiveFile(root, path)
      // Each unknown path costs several calls of the system: in a flood of invented names even looking is too dear.
      const unknown = !this.#known.has(path) && path !== overflowOf(root)
      if (unknown && this.#unknownWaiting >= MAX_UNKNOWN_WAITING && this.#budget.empty) {
        this.#overflow(root, chunks)
        return
      }
      this.#files.set(path, file)
      if (unknown) this.#unknownWaiting++
      file.waiting.push(...chunks)
      void this.#drain(file, unknown)
      return
    }
    file.waiting.push(...chunks)
    if (!file.draining) void this.#drain(file, false)
  }

  /** One drain per file at a time; it goes back to the end of the queue for each write, so that all files get on. */
  async #drain(file: ArchiveFile, unknown: boolean): Promise<void> {
    file.draining = true
    while (file.waiting.length > 0) await this.#slots.run(() => file.serial(() => this.#writeWaiting(file)))
    file.draining = false
    if (unknown) this.#unknownWaiting--
    this.#forget(file)
  }

  async #writeWaiting(file: ArchiveFile): Promise<void> {
    const error = await this.#makeReady(file)
    const chunks = file.take()
    if (error instanceof ArchiveError && error.code === 'new_per_minute') {
      this.#overflow(file.root, chunks)
      return
    }
    const written = error === undefined ? await file.append(chunks) : { bytes: 0, lines: 0, error }
    this.#bytes += written.bytes
    this.#lines += written.lines
    if (file.path === overflowOf(file.root)) this.#overflowed += written.lines
    if (written.error !== undefined) {
      this.#fail(file.path, sumLines(chunks) - written.lines, written.error)
      await this.#closeNow(file)
    }
    for (const chunk of chunks) chunk.done()
  }

  /** Opens the file if need be; answers what went wrong. */
  async #makeReady(file: ArchiveFile): Promise<unknown> {
    try {
      if (file.isOpen && (await file.moved(this.#syncMs))) await this.#closeNow(file)
      if (!file.isOpen) await this.#openNow(file)
    } catch (error) {
      return error
    }
    this.#open.delete(file)
    this.#open.add(file)
    return undefined
  }

  #overflow(root: string, chunks: readonly Chunk[]): void {
    this.#reports.add(`overflowed ${root}`, { kind: 'overflowed', root, lines: 0 }, sumLines(chunks))
    this.#push(root, overflowOf(root), chunks)
  }

  async #openNow(file: ArchiveFile): Promise<void> {
    for (const oldest of this.#open) {
      if (this.#open.size < this.#maxOpen) break
      if (oldest.idle) await this.#shut(oldest)
    }
    const free = file.path === overflowOf(file.root)
    await file.open(() => free || this.#budget.take())
    this.#open.add(file)
    this.#known.delete(file.path)
    this.#known.add(file.path)
    for (const path of this.#known) {
      if (this.#known.size <= MAX_KNOWN) break
      this.#known.delete(path)
    }
  }

  async #shut(file: ArchiveFile): Promise<void> {
    await file.serial(() => this.#closeNow(file))
    this.#forget(file)
  }

  async #closeNow(file: ArchiveFile): Promise<void> {
    this.#open.delete(file)
    await file.close().catch((error: unknown) => this.#fail(file.path, file.unsynced, error))
    file.unsynced = 0
  }

  #forget(file: ArchiveFile): void {
    if (file.isOpen || !file.idle || file.waiting.length > 0) return
    if (this.#files.get(file.path) === file) this.#files.delete(file.path)
  }

  #sync(): void {
    this.#reports.sweep()
    this.#syncing ??= this.#syncDirty().finally(() => {
      this.#syncing = undefined
    })
  }

  /** One after the other, for the sake of the buffer's syncs. Lines that were written, but not synced, count as both. */
  async #syncDirty(): Promise<void> {
    for (const file of [...this.#open]) {
      if (file.unsynced === 0) continue
      await file
        .serial(() => file.sync())
        .catch((error: unknown) => {
          this.#fail(file.path, file.unsynced, error)
          file.unsynced = 0
        })
    }
  }

  #fail(path: string, lines: number, error: unknown): void {
    const reason = codeOf(error) ?? 'unknown'
    const message = error instanceof Error ? error.message : String(error)
    this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + lines)
    this.#reports.add(`${reason} ${path}`, { kind: 'failed', path, reason, message, lines: 0 }, lines)
  }
}

function overflowOf(root: string): string {
  return root === '/' ? '/_overflow.log' : `${root}/_overflow.log`
}

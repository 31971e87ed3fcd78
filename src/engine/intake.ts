import { setTimeout as delay } from 'node:timers/promises'
import type { Archive, ArchivePart } from '../archive/archive.ts'
import { type Batch, type BatchBuffer, BufferFull } from '../buffer/buffer.ts'
import { messageOf } from '../ledger/files.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Logger } from './log.ts'

const RETRY_MILLIS = 200

/** Takes what lanes have finished: batches into the buffer, archive lines into their files. */
export class Intake {
  readonly #buffer: BatchBuffer
  readonly #archive: Archive | null
  readonly #ledger: Ledger
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #pending = new Set<Promise<void>>()
  #full = false

  constructor(options: { buffer: BatchBuffer; archive: Archive | null; ledger: Ledger; log: Logger }) {
    this.#buffer = options.buffer
    this.#archive = options.archive
    this.#ledger = options.ledger
    this.#log = options.log
  }

  /**
   * Appends a batch. When the buffer takes no more, inputs that can be slowed down wait (`canWait`: their lane has no
   * credits left then, and stops reading); the batch of any other is lost, and counted. Never rejects.
   */
  batch(batch: Batch, canWait: boolean): Promise<void> {
    return this.#track(this.#append(batch, canWait))
  }

  /** For inputs that read again what was not taken: waits for room, false when there was none until the stop. */
  async tryBatch(batch: Batch): Promise<boolean> {
    const error = await this.#tryAppend(batch, true)
    return error === null
  }

  archive(parts: ArchivePart[]): void {
    if (this.#archive !== null) void this.#track(this.#archive.write(parts))
  }

  /** Resolves when all that was taken so far is safe. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  /** Stops waiting for room: what finds none from now on is lost, and counted. */
  stopWaiting(): void {
    this.#stop.abort()
  }

  async #append(batch: Batch, canWait: boolean): Promise<void> {
    const error = await this.#tryAppend(batch, canWait)
    if (error !== null) await this.#ledger.lost(error instanceof BufferFull ? 'buffer_full' : 'buffer_failed', batch)
  }

  /** Null when the buffer has it; otherwise why it has not. */
  async #tryAppend(batch: Batch, canWait: boolean): Promise<unknown> {
    for (;;) {
      try {
        await this.#buffer.append(batch)
        if (this.#full) this.#log.info('the buffer takes batches again')
        this.#full = false
        return null
      } catch (error) {
        if (!this.#full) this.#log.error({ reason: messageOf(error) }, 'the buffer takes no batch')
        this.#full = true
        if (!canWait || this.#stop.signal.aborted) return error
        await delay(RETRY_MILLIS, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch((error: unknown) => this.#log.error({ reason: messageOf(error) }, 'a finished part could not be kept'))
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
    return tracked
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Batch, Lease } from '../buffer.ts'
import type { DiskBuffer } from '../disk/disk.ts'
import { free } from '../free.ts'

const PAUSE_MILLIS = 250

/** Moves batches from the directory on disk to where they should have gone, each output in its order. */
export class Unspooler {
  readonly #spool: DiskBuffer
  readonly #put: (batch: Batch) => Promise<boolean>
  readonly #stop = new AbortController()
  readonly #running = new Map<string, Promise<void>>()

  /** `put` resolves with true once the batch is safe elsewhere. */
  constructor(spool: DiskBuffer, put: (batch: Batch) => Promise<boolean>) {
    this.#spool = spool
    this.#put = put
  }

  /** Moves what the output has there, and will have. */
  start(output: string): void {
    if (this.#running.has(output) || this.#stop.signal.aborted) return
    this.#running.set(output, this.#run(output))
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running.values())
  }

  async #run(output: string): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        for await (const lease of this.#spool.leases(output, signal)) await this.#move(lease)
      } catch {
        // Told by the disk buffer; the next try begins with the same batch.
        await delay(PAUSE_MILLIS)
      }
    }
  }

  async #move(lease: Lease): Promise<void> {
    const { signal } = this.#stop
    while (!(await this.#put(lease.batch))) {
      await delay(PAUSE_MILLIS, undefined, { signal }).catch(() => {})
      if (signal.aborted) return lease.release()
      await lease.renew()
    }
    await lease.settle({ done: lease.batch.count, duplicate: 0, exceptions: [] })
    free(lease.batch.body)
  }
}

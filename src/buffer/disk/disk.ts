import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Marks } from '../../ledger/marks.ts'
import type { Batch, BatchBuffer, Depth, Lease } from '../buffer.ts'
import { addDepths } from '../memory.ts'
import type { Buffered } from '../queue.ts'
import { checkTally } from '../settlement.ts'
import { type Inspected, OutputLog } from './output-log.ts'
import { Positions } from './positions.ts'

export interface DiskOptions {
  /** Directory; one process at a time (lock.ts). */
  path: string
  /** Bytes on disk, per output, so that one that is down does not take the room of the others. */
  size: number
  /** ms; what was received longer ago is given up as lost('expired'). */
  age: number
  /** '1s': append resolves when the kernel has the batch, synced each second; 'batch': when it is on the disk. */
  sync: '1s' | 'batch'
  marks: Marks
  onHappening?: OnHappening
  /** How long a lease lasts without renew; default 60 s. */
  leaseMs?: number
  /** Bytes after which a new segment is begun; default 16 MiB, less with a small budget. */
  segmentBytes?: number
}

const OUTPUT = 'out-'

/**
 * Batches on disk: append-only segments, per output.
 *
 *     <path>/out-<output>/00000001.segment
 *     <path>/out-<output>/quarantine/       what could not be read, nothing deletes it
 *     <path>/positions                      reading positions whose segments are gone
 *
 * Bodies are compressed (record.ts). µs of CPU an event, all threads, as they are / compressed, in turn, batches of 1,000
 * events and sync '1s': sshd, 930 bytes: append 0.47 / 0.30, take and settle by a consumer that is behind 0.55 / 0.46;
 * lines of all kinds in random order, 1,370 bytes: 0.86 / 0.65 and 0.91 / 0.60. In batches of 200: 0.90 / 0.53 and
 * 1.05 / 0.73; 0.98 / 1.00 and 1.09 / 1.10. On the disk 40 to 50 bytes an event, and 60 to 80.
 * A backlog of 10,000 batches opens in 0.2 s, since only headers are read.
 */
export class DiskBuffer implements BatchBuffer {
  readonly #options: DiskOptions
  readonly #positions: Positions
  readonly #logs = new Map<string, OutputLog>()
  #order = 0
  readonly #timer: NodeJS.Timeout
  #ticking: Promise<void> = Promise.resolve()

  private constructor(options: DiskOptions, positions: Positions) {
    this.#options = options
    this.#positions = positions
    this.#timer = setInterval(() => {
      this.#ticking = this.#ticking.then(() => this.#tick())
    }, 1000).unref()
  }

  /** Takes up what is there. Never refuses because of what the files hold: see `onHappening`, lost('damaged'), `gaps`. */
  static async open(options: DiskOptions): Promise<DiskBuffer> {
    const { path, onHappening } = options
    await mkdir(path, { recursive: true })
    const buffer = new DiskBuffer(options, await Positions.open(path, onHappening))
    buffer.#order = buffer.#positions.saved
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const output = entry.isDirectory() ? outputOf(entry.name) : undefined
      if (output !== undefined) {
        buffer.#order = Math.max(buffer.#order, await buffer.#log(output).recover())
      } else if (!['positions', 'positions.new', 'quarantine', 'lock'].includes(entry.name)) {
        const file = join(path, entry.name)
        onHappening?.({ kind: 'stray', text: `${file} is no file of the buffer; it is left alone`, file })
      }
    }
    return buffer
  }

  /** The body's bytes are the caller's again once this has resolved or rejected. */
  async append(batch: Batch): Promise<void> {
    checkTally(batch)
    await this.#log(batch.output).append(batch, ++this.#order)
  }

  leases(output: string, signal: AbortSignal): AsyncIterable<Lease> {
    return this.#log(output).queue.leases(signal)
  }

  async depth(output?: string): Promise<Depth> {
    return addDepths(this.#queues().filter((queue) => output === undefined || queue.output === output))
  }

  /** Resolves when all that was appended for an output is on the disk. */
  async sync(output: string): Promise<void> {
    await this.#logs.get(output)?.sync()
  }

  /** What waits, by output and stream: appended = settled (marks) + buffered. */
  buffered(): Buffered[] {
    return this.#queues().flatMap((queue) => queue.buffered())
  }

  /** The outputs that have a place here. */
  outputs(): string[] {
    return [...this.#logs.keys()]
  }

  /** All that waits for an output, whoever holds it. */
  inspect(output: string): AsyncIterable<Inspected> {
    return this.#log(output).inspect()
  }

  /** The latest position by key that is as safe as its batch. Survives the batch. */
  positions(): Map<string, unknown> {
    return this.#positions.latest()
  }

  /**
   * Makes positions durable whose lines are in no batch (dropped by rule); all batches before must be appended. Does not
   * reject: when the disk takes no write that is told, and the next save holds them too.
   */
  async savePositions(positions: Record<string, unknown>): Promise<void> {
    const order = ++this.#order
    this.#positions.take(positions, order)
    try {
      await this.#positions.save(order)
    } catch (error) {
      const text = `reading positions can't be saved in ${this.#options.path} (${messageOf(error)})`
      this.#options.onHappening?.({ kind: 'write_failed', text })
    }
  }

  /** The highest number that the stream ever used for the output; 0 for none. Numbering goes on behind it. */
  lastNumber(output: string, stream: string): number {
    return Math.max(this.#options.marks.last(output, stream), this.#logs.get(output)?.highest.get(stream) ?? 0)
  }

  /** Numbers that are neither settled nor waiting although later ones arrived: losses with a place. */
  gaps(): { output: string; stream: string; from: number; to: number }[] {
    const streams = new Map([...this.#logs].map(([output, { highest }]) => [output, new Set(highest.keys())]))
    for (const totals of this.#options.marks.totals()) {
      for (const { stream } of totals.streams) streams.get(totals.output)?.add(stream)
    }
    return [...streams].flatMap(([output, ids]) =>
      [...ids].flatMap((stream) => {
        const gaps = this.#log(output).gaps(stream, this.lastNumber(output, stream))
        return gaps.map(([from, to]) => ({ output, stream, from, to }))
      }),
    )
  }

  /** Syncs and keeps the backlog; close the marks after this. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#ticking
    for (const log of this.#logs.values()) await log.close()
  }

  #queues() {
    return [...this.#logs.values()].map(({ queue }) => queue)
  }

  #log(output: string): OutputLog {
    let log = this.#logs.get(output)
    if (!log) {
      const { path, size, segmentBytes, leaseMs } = this.#options
      log = new OutputLog({
        ...this.#options,
        output,
        directory: join(path, directoryOf(output)),
        positions: this.#positions,
        segmentBytes: segmentBytes ?? Math.min(16 * 1024 * 1024, Math.ceil(size / 8)),
        leaseMs: leaseMs ?? 60_000,
      })
      this.#logs.set(output, log)
    }
    return log
  }

  async #tick() {
    const { age, sync, onHappening } = this.#options
    for (const log of this.#logs.values()) {
      const { output } = log.queue
      try {
        if (sync === '1s') await log.sync()
        const events = await log.queue.expire(Date.now() - age)
        if (events > 0) {
          const text = `${events} events for ${output} waited longer than ${age / 1000} s and are given up`
          onHappening?.({ kind: 'expired', text, output, events })
        }
      } catch (error) {
        onHappening?.({ kind: 'write_failed', text: `the buffer for ${output}: ${messageOf(error)}`, output })
      }
      log.tick()
    }
  }
}

/** A directory name for any output name; encodeURIComponent leaves dots, which the prefix makes harmless. */
function directoryOf(output: string): string {
  return OUTPUT + encodeURIComponent(output)
}

/** Where what could not be read of an output is kept. */
export function quarantineOf(path: string, output: string): string {
  return join(path, directoryOf(output), 'quarantine')
}

function outputOf(directory: string): string | undefined {
  if (!directory.startsWith(OUTPUT)) return undefined
  try {
    return decodeURIComponent(directory.slice(OUTPUT.length))
  } catch {
    return undefined
  }
}

import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Appender } from '../../ledger/appender.ts'
import { errorCode, messageOf, replaceFile } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { fileHeader, recordHead, scan } from '../../ledger/records.ts'
import type { Waiting } from './outstanding.ts'

const KIND = 'SLOJ'
const COMPACT_BYTES = 4 * 1024 * 1024

export interface JournalOptions {
  dir: string
  /** Of the file; the same over restarts. */
  name: string
  onHappening?: OnHappening | undefined
}

/**
 * What this process knows to stand in one Redis, over restarts: a record for each batch that was put there, and one for
 * each that is settled. Written before the batch counts as handed on, so that a Redis that comes back empty after a
 * restart of this process is still told exactly. Records are in the kernel's hands: safe from kill -9; synced each
 * second.
 */
export class OutstandingJournal {
  readonly #options: JournalOptions
  #file: Appender
  #compactAt = COMPACT_BYTES
  /** Records wait for it: the file that is made anew would lack them. */
  #compacting: Promise<void> | undefined
  #told = false
  #dirty = false

  private constructor(options: JournalOptions, file: Appender) {
    this.#options = options
    this.#file = file
  }

  /** Gives the batches that were outstanding, oldest first. What can't be read is left out, and told. */
  static async open(options: JournalOptions): Promise<{ journal: OutstandingJournal; waiting: Map<string, Waiting> }> {
    const { dir, name, onHappening } = options
    await mkdir(dir, { recursive: true })
    const path = join(dir, name)
    const waiting = new Map<string, Waiting>()
    const damage = await read(path, waiting)
    if (damage > 0) {
      const text = `${path} is damaged in ${damage} places: losses of batches noted there can't be told any more`
      onHappening?.({ kind: 'damaged', text, file: path })
    }
    const records = recordsOf(waiting)
    await replaceFile(dir, name, records)
    const journal = new OutstandingJournal(options, await Appender.reopen(path, lengthOf(records)))
    return { journal, waiting }
  }

  /** Resolves when the record is written. Never rejects: without it a loss is told as long as this process runs. */
  add(key: string, waiting: Waiting): Promise<void> {
    return this.#write(recordHead(JSON.stringify({ key, waiting: { ...waiting, missingSince: undefined } })))
  }

  forget(keys: readonly string[]): Promise<void> {
    return keys.length === 0 ? Promise.resolve() : this.#write(recordHead(JSON.stringify({ forget: keys })))
  }

  /** Now and then: syncs, and writes the file anew with `live` alone when it has grown. */
  tend(live: ReadonlyMap<string, Waiting>): void {
    if (!this.#dirty || this.#compacting) return
    this.#dirty = false
    if (this.#file.end <= this.#compactAt) {
      this.#file.sync().catch((error: unknown) => this.#tell(error))
      return
    }
    this.#compacting = this.#compact(live)
      .catch((error: unknown) => this.#tell(error))
      .finally(() => {
        this.#compacting = undefined
      })
  }

  async close(): Promise<void> {
    await this.#compacting
    await this.#file.close().catch((error: unknown) => this.#tell(error))
  }

  async #write(record: Buffer): Promise<void> {
    while (this.#compacting) await this.#compacting
    this.#dirty = true
    try {
      await this.#file.append([record])
      this.#told = false
    } catch (error) {
      this.#tell(error)
    }
  }

  async #compact(live: ReadonlyMap<string, Waiting>): Promise<void> {
    const { dir, name } = this.#options
    // What is still being written is among the live ones, or forgotten.
    const records = recordsOf(live)
    await replaceFile(dir, name, records)
    const old = this.#file
    this.#file = await Appender.reopen(join(dir, name), lengthOf(records))
    await old.close()
    this.#compactAt = Math.max(COMPACT_BYTES, this.#file.end * 2)
  }

  #tell(error: unknown): void {
    const { path } = this.#file
    const text = `${path} can't be written (${messageOf(error)}): what a Redis may lose is known until the next restart only`
    if (!this.#told) this.#options.onHappening?.({ kind: 'write_failed', text, file: path })
    this.#told = true
  }
}

function recordsOf(waiting: ReadonlyMap<string, Waiting>): Buffer[] {
  const records = [...waiting].map(([key, one]) => recordHead(JSON.stringify({ key, waiting: one })))
  return [fileHeader(KIND), ...records]
}

const lengthOf = (records: readonly Buffer[]) => records.reduce((sum, { byteLength }) => sum + byteLength, 0)

/** Returns the number of places that can't be read; the end that a crash has cut is none. */
async function read(path: string, into: Map<string, Waiting>): Promise<number> {
  let damage = 0
  try {
    const file = await open(path, 'r')
    try {
      for await (const found of scan(file, KIND)) {
        if (found.kind === 'record') apply(JSON.parse(found.header), into)
        else if (!found.cut) damage++
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') damage++
  }
  return damage
}

/** The record's CRC has vouched for its shape. */
function apply(record: { key?: string; waiting?: Waiting; forget?: string[] }, into: Map<string, Waiting>): void {
  if (record.key !== undefined && record.waiting) into.set(record.key, record.waiting)
  for (const key of record.forget ?? []) into.delete(key)
}

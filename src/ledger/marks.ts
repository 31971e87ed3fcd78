import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Appender } from './appender.ts'
import { messageOf, replaceFile, syncDirectory } from './files.ts'
import type { OnHappening } from './happening.ts'
import type { Mark, MarkSet, OutputTotals } from './mark-set.ts'
import { fileName, JOURNAL, list, load, SNAPSHOT } from './marks-files.ts'
import { fileHeader, recordHead } from './records.ts'

export type { Mark, OutputTotals } from './mark-set.ts'

/** Written ahead, so that batches can still be settled, and their segments deleted, on a disk that is full. */
const RESERVE = 1024 * 1024

export interface MarksOptions {
  onHappening?: OnHappening
  /** Bytes of journal after which the set is written as a snapshot. */
  compactAt?: number
}

/**
 * The durable set of settled batches, per output and stream, with their first outcome: the heart of the ledger. A batch
 * that is delivered or counted twice is one.
 *
 *     marks-<generation>.snapshot   the whole set at one moment, and the sums
 *     marks-<generation>.journal    what was settled after it, one record each
 *
 * The snapshot before the last one and its journal are kept: a damaged snapshot is made again from them. What can't be
 * read is set aside in `quarantine/`; its batches count as not settled and come again, which their ids absorb.
 */
export class Marks {
  readonly #directory: string
  readonly #options: MarksOptions
  #set: MarkSet
  #generation: number
  #journal: Appender
  #compacting: Promise<void> | undefined
  /** The journal before the present one, until all of it is on the disk. */
  #previous: Appender | undefined
  #nextCompaction: number
  readonly #timer: NodeJS.Timeout
  #closing = false
  /** The present trouble with writing was told: hundreds of batches may wait for it to end. */
  #told = false
  #retry = Promise.withResolvers<void>()

  private constructor(dir: string, options: MarksOptions, set: MarkSet, generation: number, journal: Appender) {
    this.#directory = dir
    this.#options = options
    this.#set = set
    this.#generation = generation
    this.#journal = journal
    this.#nextCompaction = options.compactAt ?? 4 * 1024 * 1024
    this.#timer = setInterval(() => this.#tick(), 1000).unref()
  }

  /** Never refuses because of what the files hold. One process at a time (lock.ts). */
  static async open(dir: string, options: MarksOptions = {}): Promise<Marks> {
    await mkdir(dir, { recursive: true })
    const { set, generation, end } = await load(dir, options.onHappening)
    const path = join(dir, fileName(generation, 'journal'))
    const journal = end === 0 ? await createJournal(dir, path) : await Appender.reopen(path, end, RESERVE)
    const marks = new Marks(dir, options, set, generation, journal)
    marks.#compactWhenLarge()
    return marks
  }

  has(output: string, stream: string, number: number, part: number): boolean {
    return this.#set.has(output, stream, number, part)
  }

  /**
   * Counts the mark if nothing was recorded for this output, stream, number and part, and resolves once the record is
   * written (safe from kill -9; `sync` makes it safe from a power cut, and happens each second). While the disk takes
   * no write it is tried again each second.
   */
  async record(mark: Mark): Promise<'first' | 'again'> {
    const sum =
      mark.done + mark.duplicate + mark.dead + mark.retry + Object.values(mark.lost).reduce((a, b) => a + b, 0)
    if (sum !== mark.count) throw new RangeError(`a mark over ${mark.count} events accounts for ${sum}`)
    if (!this.#set.add(mark)) return 'again'
    const head = recordHead(JSON.stringify(mark))
    for (;;) {
      try {
        await this.#journal.append([head])
        break
      } catch (error) {
        if (this.#closing) throw error
        this.#tellOnce(`settled batches can't be written to ${this.#journal.path} (${messageOf(error)}); trying again`)
        await this.#retry.promise
      }
    }
    this.#told = false
    this.#compactWhenLarge()
    return 'first'
  }

  /** Resolves when all that `record` resolved for is on the disk. */
  async sync(): Promise<void> {
    await Promise.all([this.#previous?.sync(), this.#journal.sync()])
  }

  last(output: string, stream: string): number {
    return this.#set.last(output, stream)
  }

  missing(output: string, stream: string, last?: number): [from: number, to: number][] {
    return this.#set.missing(output, stream, last)
  }

  /**
   * The stream is over for now, and its sums are accounted for elsewhere: `totals` lists it no more (the sums of its
   * outputs stay), and only its last number is kept. False, and nothing happens, as long as a number of it is open or
   * missing, or the disk takes no write. A stream that goes on later begins with sums of 0.
   */
  async retire(stream: string): Promise<boolean> {
    const takeBack = this.#set.retire(stream)
    if (!takeBack) return false
    try {
      await this.#journal.append([recordHead(JSON.stringify({ retire: stream }))])
      return true
    } catch {
      takeBack()
      return false
    }
  }

  totals(): OutputTotals[] {
    return this.#set.totals()
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#timer)
    this.#retry.resolve()
    await this.#compacting
    await this.#journal.close()
  }

  #tellOnce(text: string) {
    if (!this.#told) this.#options.onHappening?.({ kind: 'write_failed', text, file: this.#journal.path })
    this.#told = true
  }

  #tick() {
    this.#retry.resolve()
    this.#retry = Promise.withResolvers()
    this.sync().catch((error) => {
      this.#tellOnce(`settled batches can't be synced to ${this.#journal.path} (${messageOf(error)}); trying again`)
    })
  }

  #compactWhenLarge() {
    if (this.#compacting || this.#closing || this.#journal.end < this.#nextCompaction) return
    this.#compacting = this.#compact()
      .catch((error) => {
        this.#nextCompaction = this.#journal.end * 2
        const text = `the ledger's journal can't be shortened (${messageOf(error)}); it goes on growing`
        this.#options.onHappening?.({ kind: 'write_failed', text, file: this.#journal.path })
      })
      .finally(() => {
        this.#compacting = undefined
      })
  }

  /** A crash at any point leaves a snapshot and all journals since. */
  async #compact() {
    const generation = this.#generation + 1
    const journal = await createJournal(this.#directory, join(this.#directory, fileName(generation, 'journal')))
    // From here without a pause: the snapshot holds all that the old journals hold, and what they still wait to write.
    const old = this.#journal
    this.#journal = journal
    this.#previous = old
    this.#generation = generation
    this.#nextCompaction = this.#options.compactAt ?? 4 * 1024 * 1024
    const body = Buffer.from(JSON.stringify(this.#set))
    try {
      const chunks = [fileHeader(SNAPSHOT), recordHead('{}', body), body]
      await replaceFile(this.#directory, fileName(generation, 'snapshot'), chunks)
    } finally {
      await old.close()
      this.#previous = undefined
    }
    const files = await list(this.#directory)
    const before = files.filter((file) => file.kind === 'snapshot' && file.generation < generation).at(-1)
    for (const file of before ? files : []) {
      if (file.generation < (before?.generation ?? 0)) await rm(join(this.#directory, file.name), { force: true })
    }
  }
}

async function createJournal(directory: string, path: string): Promise<Appender> {
  const journal = await Appender.create(path, JOURNAL, RESERVE)
  await syncDirectory(directory)
  return journal
}

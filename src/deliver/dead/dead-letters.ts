import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Batch, Outcome } from '../../buffer/buffer.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { type DeadLetter, lettersOf } from './letter.ts'
import { Shelf } from './shelf.ts'

export interface DeadLettersOptions {
  /** A directory for each output stands in it. */
  directory: string
  /** Bytes, per output. */
  size: number
  /** The ledger's knowledge of batches, see ShelfOptions. */
  isSettled(output: string, stream: string, number: number, part: number): boolean
  isKnown(output: string, stream: string, number: number): boolean
  onHappening?: OnHappening | undefined
}

/** The ledger's word for letters that found no room. */
const FULL = 'dead_letters_full'

/**
 * Events that outputs refused for good, kept as JSON lines in `<directory>/<output>/`, on the disk before their batch is
 * settled: a crash can only write one twice, which is recognised. When the room is used up the letters that are there
 * stay, since the oldest tell how the trouble began, and new ones are lost, counted.
 */
export class DeadLetters {
  readonly #options: DeadLettersOptions
  readonly #shelves = new Map<string, Shelf>()
  readonly #full = new Set<string>()

  private constructor(options: DeadLettersOptions) {
    this.#options = options
  }

  static async open(options: DeadLettersOptions): Promise<DeadLetters> {
    const dead = new DeadLetters(options)
    await mkdir(options.directory, { recursive: true, mode: 0o750 })
    for (const output of await outputsIn(options.directory)) await dead.shelf(output)
    return dead
  }

  /**
   * Keeps what the outcome calls dead, and gives the outcome that results: `lost` in place of `dead` where there was no
   * room; `letters` are safe now. Rejects when the disk takes nothing: the batch has to wait then.
   * @param putOff how often the batch came back as it is
   */
  async keep(batch: Batch, outcome: Outcome, putOff = 0): Promise<{ outcome: Outcome; letters: DeadLetter[] }> {
    if (!outcome.exceptions.some(([, verdict]) => verdict === 'dead')) return { outcome, letters: [] }
    const placed = lettersOf(batch, outcome, new Date(), putOff)
    const shelf = await this.shelf(batch.output)
    const refused = new Set(await shelf.keep(placed.map(([, letter]) => letter)))
    this.#tell(batch.output, refused.size)
    const letters = placed.flatMap(([, letter]) => (refused.has(letter) ? [] : [letter]))
    if (refused.size === 0) return { outcome, letters }
    const lost = new Set(placed.flatMap(([place, letter]) => (refused.has(letter) ? [place] : [])))
    const exceptions = outcome.exceptions.map((exception): Outcome['exceptions'][number] => {
      const [place] = exception
      return lost.has(place) ? [place, 'lost', FULL] : exception
    })
    return { outcome: { ...outcome, exceptions }, letters }
  }

  /** The outputs that have letters, or had some. */
  get outputs(): string[] {
    return [...this.#shelves.keys()]
  }

  async shelf(output: string): Promise<Shelf> {
    const { directory, size, isSettled, isKnown } = this.#options
    const found = this.#shelves.get(output)
    if (found !== undefined) return found
    const shelf = await Shelf.open({
      directory: join(directory, output),
      size,
      isSettled: (stream, number, part) => isSettled(output, stream, number, part),
      isKnown: (stream, number) => isKnown(output, stream, number),
    })
    // Another batch may have opened it meanwhile.
    const first = this.#shelves.get(output) ?? shelf
    this.#shelves.set(output, first)
    return first
  }

  #tell(output: string, lost: number): void {
    if (lost === 0) {
      this.#full.delete(output)
    } else if (!this.#full.has(output)) {
      this.#full.add(output)
      const text = `no room for further dead letters of ${output}: what it refuses is lost until some are replayed or discarded`
      this.#options.onHappening?.({ kind: 'dead_letters_full', text, output, events: lost })
    }
  }
}

/** Names of outputs with a directory. */
export async function outputsIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

import type { Batch } from '../../buffer/buffer.ts'
import { newStream } from '../../event/ids.ts'
import { StreamFile } from '../../ledger/stream-file.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { DeadLetter } from './letter.ts'
import { isSelected, type Selection } from './selection.ts'
import { lettersIn } from './shelf.ts'

/** As in a lane: a batch is closed by the first of these. */
const EVENTS = 1000
const BYTES = 1 << 20
/** What hosts and routes of the ledger show for them: their own ones have counted them already. */
const WHO = '(dead letters)'

export interface ReplayOptions {
  dead: DeadLetters
  outputs: readonly string[]
  /** Directory of the ledger's stream files. */
  streams: string
  /** Resolves when the buffer has the batch as safely as it can. */
  append(batch: Batch): Promise<void>
  /** Counts the batch as lost(discarded), durably. */
  discard(batch: Batch): Promise<void>
}

/** How many letters of an output were taken out so far. */
export interface Taken {
  output: string
  letters: number
}

/**
 * Takes dead letters out: back into the buffer of their output, as new batches with the events' own ids, or away for
 * good. A letter is removed when its batch is safe, and a crash in between leaves it in one of the two places.
 *
 * In the ledger a letter that is back in the buffer is no dead letter any more. What says so is the stream of the new
 * batches: its events are those that the buffer and the marks hold of it.
 */
export class DeadReplay {
  readonly #options: ReplayOptions
  readonly #stream = newStream()
  readonly #numbers = new Map<string, number>()
  readonly #counts = new Map<string, number>()
  #file: StreamFile | undefined
  #busy = false
  #isClosed = false
  #moving: Promise<void> = Promise.resolve()

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  replay(wanted: Selection): AsyncGenerator<Taken> {
    return this.#take(wanted, async (batch) => {
      // Before the batch is: it must not be more than what has entered.
      this.#count(batch.output, batch.count)
      try {
        await this.#options.append(batch)
      } catch (error) {
        this.#count(batch.output, -batch.count)
        throw error
      }
    })
  }

  discard(wanted: Selection): AsyncGenerator<Taken> {
    return this.#take(wanted, (batch) => this.#options.discard(batch))
  }

  /** What is under way is finished, and nothing more begun. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#moving.catch(() => {})
    this.#file?.close()
  }

  async *#take(wanted: Selection, move: (batch: Batch) => Promise<void>): AsyncGenerator<Taken> {
    if (this.#busy) throw new Error('dead letters are being replayed or discarded already; wait until that is done')
    this.#busy = true
    // What dies again meanwhile waits for another replay.
    const before = new Date().toISOString()
    let left = wanted.limit ?? Number.POSITIVE_INFINITY
    try {
      for (const output of this.#options.outputs) {
        if (wanted.output !== undefined && wanted.output !== output) continue
        const shelf = await this.#options.dead.shelf(output)
        let letters = 0
        for (const file of shelf.files) {
          const found = (await lettersIn(file)).letters.filter((one) => one.time < before && isSelected(one, wanted))
          const chosen = once(found).slice(0, left)
          for (const some of inBatches(chosen)) {
            const batch = this.#batchOf(output, some)
            if (this.#isClosed) throw new Error('sluice is stopping; what is left waits for the next start')
            this.#moving = shelf.take(file, some, batch, () => move(batch))
            await this.#moving
            left -= some.length
            letters += some.length
          }
        }
        if (letters > 0) yield { output, letters }
      }
    } finally {
      this.#busy = false
    }
  }

  /** Numbers are never used twice, also when an append fails: it may have been half a one. */
  #batchOf(output: string, letters: readonly DeadLetter[]): Batch {
    const number = (this.#numbers.get(output) ?? 0) + 1
    this.#numbers.set(output, number)
    const body = Buffer.from(letters.map(({ action, event }) => `${action}\n${event}\n`).join(''))
    const now = Date.now()
    return {
      ...{ stream: this.#stream, number, part: 0, output, count: letters.length, body },
      tally: [[WHO, WHO, letters.length]],
      received: { from: now, to: now },
    }
  }

  #count(output: string, letters: number): void {
    const { outputs, streams } = this.#options
    this.#file ??= StreamFile.create(
      streams,
      { stream: this.#stream, input: 'dead letters', lane: 0, started: Date.now(), replay: true },
      ['received', 'refused', ...outputs.flatMap((name) => [`skipped:${name}`, `replayed:${name}`])],
    )
    const count = (this.#counts.get(output) ?? 0) + letters
    this.#counts.set(output, count)
    this.#file.set(3 + 2 * outputs.indexOf(output), count)
    this.#file.write()
  }
}

/** A crash may have written a letter twice. */
function once(letters: readonly DeadLetter[]): DeadLetter[] {
  return [...new Map(letters.map((letter) => [letter.key, letter])).values()]
}

function* inBatches(letters: readonly DeadLetter[]): Generator<DeadLetter[]> {
  let some: DeadLetter[] = []
  let bytes = 0
  for (const letter of letters) {
    some.push(letter)
    bytes += letter.action.length + letter.event.length
    if (some.length < EVENTS && bytes < BYTES) continue
    yield some
    some = []
    bytes = 0
  }
  if (some.length > 0) yield some
}

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode, replaceFile } from '../../ledger/files.ts'
import { beginningsOf, type LetterFile, LetterFiles, linesOf } from './files.ts'
import { type DeadLetter, KEY_BYTES, keyOf, letterLine, parseLetter } from './letter.ts'

/** Files of letters; few events are refused, so each is read whole. */
const FILE_BYTES = 8 << 20
/** Letters of batches that may still come again: those under way, with much to spare. */
const REMEMBERED = 100_000
const MOVING = 'moving.json'

/** Letters on their way into a batch: what has to be known to finish, or to forget it, after a crash. */
const moving = z.object({ stream: z.string(), number: z.number(), keys: z.array(z.string()) })
const NOTHING = { files: [], keys: new Set<string>() }

function parseMove(text: string): z.infer<typeof moving> | undefined {
  try {
    return moving.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export interface ShelfOptions {
  directory: string
  /** Bytes. */
  size: number
  /** Whether the part of a batch that the letter is from is settled, so that it can't come again. */
  isSettled(stream: string, number: number, part: number): boolean
  /** Whether a batch was appended to the buffer, whatever became of it there. */
  isKnown(stream: string, number: number): boolean
}

/** The dead letters of one output. Everything that writes waits for its turn. */
export class Shelf {
  readonly #size: number
  readonly #files: LetterFiles
  /** Keys of letters whose batches may come again. */
  readonly #written = new Set<string>()
  #moved: { files: readonly LetterFile[]; keys: ReadonlySet<string> } = NOTHING
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(size: number, files: LetterFiles) {
    this.#size = size
    this.#files = files
  }

  static async open({ directory, size, isSettled, isKnown }: ShelfOptions): Promise<Shelf> {
    const files = await LetterFiles.open(directory, Math.min(FILE_BYTES, Math.ceil(size / 8)))
    const shelf = new Shelf(size, files)
    await shelf.#finishMove(isKnown)
    for (const { path } of files.all) {
      for (const line of await beginningsOf(path, KEY_BYTES)) {
        const key = keyOf(line)
        const [stream, number, part] = key?.split('/') ?? []
        if (key === undefined || stream === undefined) continue
        if (!isSettled(stream, Number(number), Number(part))) shelf.#written.add(key)
      }
    }
    return shelf
  }

  /** Gives those for which there is no room; the others are on the disk. */
  keep(letters: readonly DeadLetter[]): Promise<DeadLetter[]> {
    return this.#inTurn(async () => {
      const lines = new Map<string, string>()
      const refused: DeadLetter[] = []
      let left = this.#size - this.#files.bytes
      for (const letter of letters) {
        if (this.#written.has(letter.key)) continue
        const line = letterLine(letter)
        const bytes = Buffer.byteLength(line)
        if (bytes > left) {
          refused.push(letter)
        } else {
          lines.set(letter.key, line)
          left -= bytes
        }
      }
      if (lines.size > 0) await this.#files.append([...lines.values()].join(''))
      for (const key of lines.keys()) this.#remember(key)
      return refused
    })
  }

  get files(): readonly LetterFile[] {
    return [...this.#files.all]
  }

  /**
   * Takes letters of one file out after `move` has put them elsewhere, as batch `number` of `stream`. They are in one
   * place, whenever a crash comes: what is written first tells the next start where to look for the batch.
   */
  take(
    file: LetterFile,
    letters: readonly DeadLetter[],
    batch: { stream: string; number: number },
    move: () => Promise<void>,
  ): Promise<void> {
    return this.#inTurn(async () => {
      await this.#removeMoved()
      const keys = letters.map(({ key }) => key)
      await replaceFile(this.#files.directory, MOVING, [Buffer.from(JSON.stringify({ ...batch, keys }))])
      try {
        await move()
      } catch (error) {
        await this.#forgetMove()
        throw error
      }
      this.#moved = { files: [file], keys: new Set(keys) }
      await this.#removeMoved()
    })
  }

  /** What is moved but could not be removed (a full disk, say) is removed before anything else is moved. */
  async #removeMoved(): Promise<void> {
    const { files, keys } = this.#moved
    for (const file of files) await this.#files.remove(file, (line) => keys.has(keyOf(line) ?? ''))
    if (files.length > 0) await this.#forgetMove()
    this.#moved = NOTHING
  }

  async #forgetMove(): Promise<void> {
    await rm(join(this.#files.directory, MOVING), { force: true })
  }

  /** A crash came between the move and the removal: the batch tells which of the two places counts. */
  async #finishMove(isKnown: ShelfOptions['isKnown']): Promise<void> {
    let text: string
    try {
      text = await readFile(join(this.#files.directory, MOVING), 'utf8')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return
      throw error
    }
    const note = parseMove(text)
    // Without it the letters stay, and may be moved again: their ids make them one.
    if (note === undefined || !isKnown(note.stream, note.number)) return this.#forgetMove()
    this.#moved = { files: this.files, keys: new Set(note.keys) }
    await this.#removeMoved()
  }

  #remember(key: string): void {
    this.#written.add(key)
    if (this.#written.size <= REMEMBERED) return
    const [oldest = ''] = this.#written
    this.#written.delete(oldest)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

/** The letters of a file; `damaged`: lines that are none. */
export async function lettersIn({ path }: { path: string }): Promise<{ letters: DeadLetter[]; damaged: number }> {
  const lines = await linesOf(path)
  const letters = lines.flatMap((line) => parseLetter(line) ?? [])
  return { letters, damaged: lines.length - letters.length }
}

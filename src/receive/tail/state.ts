import { randomBytes } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { errorCode, replaceFile } from '../../ledger/files.ts'

const DAY = 86_400_000
const MAX_GONE = 10_000

const entry = z.object({
  /** 16 hex digits: 64 random bits. */
  stream: z.string().regex(/^[0-9a-f]{16}$/),
  path: z.string(),
  dev: z.string(),
  inode: z.string(),
  fingerprint: z.string(),
  /** Where reading began, in bytes: not 0 for a file that was there before, with `from: end`. */
  start: z.int().min(0),
  /** A copy of a file that was read under this stream, as logrotate's copytruncate makes it: not read again. */
  copy: z.boolean().default(false),
  /** When the file was there last, ms since the epoch. */
  seenAt: z.number(),
})
const state = z.object({ version: z.literal(1), streams: z.array(entry) })
export type StreamEntry = z.output<typeof entry>

/**
 * The streams of an input, in one small file: a stream's name is safe on disk before its first event goes out, so that
 * a line read again after a crash gets the same id. How far each was read stands in the buffer.
 */
export class TailState {
  readonly #path: string
  #entries: readonly StreamEntry[]

  private constructor(path: string, entries: StreamEntry[]) {
    this.#path = path
    this.#entries = entries
  }

  /** A file that can't be understood is set aside as `<path>.damaged`, and told to `onDamaged`. */
  static async load(path: string, onDamaged: (message: string) => void): Promise<TailState> {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return new TailState(path, [])
      throw error
    }
    try {
      return new TailState(path, state.parse(JSON.parse(text)).streams)
    } catch {
      await rename(path, `${path}.damaged`)
      onDamaged(`${path} can't be understood; it is now ${path}.damaged`)
      return new TailState(path, [])
    }
  }

  get entries(): readonly StreamEntry[] {
    return this.#entries
  }

  /**
   * Synced when it resolves; nothing has changed when it rejects. `live`: ids of the files that are there. Streams whose
   * files have been gone for a day are left out, and the oldest of more than 10,000 that are gone.
   */
  async add(entries: readonly StreamEntry[], live: ReadonlySet<string>): Promise<void> {
    const now = Date.now()
    const all = [...this.#entries, ...entries]
    for (const entry of all) if (live.has(`${entry.dev}:${entry.inode}`)) entry.seenAt = now
    const gone = all.filter((entry) => entry.seenAt < now).toSorted((a, b) => b.seenAt - a.seenAt)
    const forgotten = new Set(gone.filter((entry, i) => i >= MAX_GONE || now - entry.seenAt > DAY))
    const kept = all.filter((entry) => !forgotten.has(entry))
    const text = JSON.stringify({ version: 1, streams: kept })
    await replaceFile(dirname(this.#path), basename(this.#path), [Buffer.from(text)])
    this.#entries = kept
  }
}

export function mintStream(): string {
  return randomBytes(8).toString('hex')
}

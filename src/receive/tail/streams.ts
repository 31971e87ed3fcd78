import type { BigIntStats } from 'node:fs'
import { idOf } from './open.ts'
import { fingerprintOf, type Known, matches, positionOf } from './position.ts'
import { mintStream, type StreamEntry, type TailState } from './state.ts'

/** A file as it was found. */
export interface Found {
  path: string
  stats: BigIntStats
  head: Buffer
}

/** Which stream a file belongs to: inodes are reused, files are renamed and copied. */
export class Streams {
  readonly #state: TailState
  readonly #known = new Map<string, Known>()

  constructor(state: TailState, resume: ReadonlyMap<string, unknown>) {
    this.#state = state
    for (const entry of state.entries) if (!entry.copy) this.note(knownOf(entry))
    for (const [stream, value] of resume) {
      const position = positionOf(value)
      if (position === null || position.stream !== stream) continue
      // Without its entry (a lost state file) a position still tells whose it is, only not where the file was.
      const path = this.#known.get(stream)?.path ?? ''
      this.note({ ...position, path, id: `${position.dev}:${position.inode}` })
    }
  }

  /** Keeps how far a stream was read, and where. */
  note(known: Known): void {
    this.#known.set(known.stream, known)
  }

  get all(): Known[] {
    return [...this.#known.values()]
  }

  /** The stream that the file continues. */
  of({ stats, head }: Found): Known | undefined {
    const id = idOf(stats)
    return this.all.findLast((at) => at.id === id && at.offset <= Number(stats.size) && matches(at.fingerprint, head))
  }

  /** True for what was found to be a copy before. */
  isCopy({ stats, head }: Found): boolean {
    const id = idOf(stats)
    return this.#state.entries.some(
      (entry) => entry.copy && idOfEntry(entry) === id && matches(entry.fingerprint, head),
    )
  }

  /**
   * The stream of which the file is a copy as copytruncate makes it: another file with the same beginning, and a name
   * that goes on where the original's ends (`app.log`, `app.log.1`). 'unclear': it may still be being written.
   */
  copyOf({ path, stats, head }: Found): Known | 'unclear' | undefined {
    const age = Date.now() - Number(stats.mtimeMs)
    const young = age >= 0 && age < 2000
    for (const known of this.#known.values()) {
      const length = Number.parseInt(known.fingerprint, 10)
      if (length === 0 || known.path === '' || known.path === path || !path.startsWith(known.path)) continue
      if (matches(known.fingerprint, head)) return known
      if (young && head.length < length) return 'unclear'
    }
    return undefined
  }

  /** Streams for files seen for the first time (`of`: copies of that stream), safe on disk when it resolves. */
  async mint(files: (Found & { start: number; of?: string })[], live: ReadonlySet<string>): Promise<Known[]> {
    const entries = files.map(({ path, stats, head, start, of }): StreamEntry => {
      const [dev, inode] = [String(stats.dev), String(stats.ino)]
      const fingerprint = fingerprintOf(head)
      return {
        stream: of ?? mintStream(),
        path,
        dev,
        inode,
        fingerprint,
        start,
        copy: of !== undefined,
        seenAt: Date.now(),
      }
    })
    await this.#state.add(entries, live)
    for (const entry of entries) if (!entry.copy) this.note(knownOf(entry))
    const kept = new Set(this.#state.entries.map(({ stream }) => stream))
    for (const stream of this.#known.keys()) if (!kept.has(stream)) this.#known.delete(stream)
    return entries.map(knownOf)
  }
}

const idOfEntry = ({ dev, inode }: StreamEntry) => `${dev}:${inode}`

function knownOf(entry: StreamEntry): Known {
  const { stream, path, fingerprint, start } = entry
  return { stream, path, id: idOfEntry(entry), fingerprint, offset: start, lines: 0 }
}

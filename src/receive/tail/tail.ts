import type { BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, messageOf } from '../../ledger/files.ts'
import type { Sender } from '../sender.ts'
import { Discovery } from './discovery.ts'
import { Follower, type Reader, type TailSink, type Turn } from './follower.ts'
import { idOf, listAll, openToRead, statAll } from './open.ts'
import type { Known } from './position.ts'
import type { Found } from './streams.ts'

export interface TailOptions {
  /** Paths and globs. */
  patterns: readonly string[]
  /** Where files start that are there at the first start; what appears later is read from its beginning. */
  from: 'beginning' | 'end'
  /** Longer lines are cut there, in bytes. */
  maxLength: number
  /** Who the lines come from: the own host. */
  sender: Sender
  /** A small file of the input's own, see TailState. Its directory exists. */
  stateFile: string
  /** Durable positions by stream, out of the buffer. */
  resume: ReadonlyMap<string, unknown>
  sinkFor(file: TailFile): TailSink
  /** No more lines of that stream; should its file grow again after all, `sinkFor` is called anew. */
  ended?(stream: string): void
  onHappening(happening: TailHappening): void
  /** How often files are looked at, in ms (default 250). */
  pollMs?: number
  /** How often new files are looked for, in ms (default 1000); takes a tenth of the time at most. 0: at every look. */
  discoverMs?: number
  /** How long a file that was rotated away must rest before it is left, in ms (default 30,000). */
  graceMs?: number
  /** Files held open at a time (default 256); those rotated away are held beyond it. */
  openFiles?: number
}

/** One stream. Its ids are `<stream>-<sequence>`. */
export interface TailFile {
  /** Also the key of its position. */
  stream: string
  path: string
  /** Number of its last line so far; the next one is `sequence + 1`. */
  sequence: number
}

/** Told once per file until it changes. */
export type TailHappening = {
  kind: 'truncated' | 'compressed' | 'unreadable' | 'state'
  path: string
  message: string
}

/** Follows files through growth, rotation and truncation; each line goes to its stream's sink once, in order. */
export class TailInput {
  readonly #options: TailOptions
  readonly #reader: Reader
  readonly #discovery: Discovery
  readonly #pollMs: number
  readonly #graceMs: number
  readonly #openFiles: number
  /** By `<dev>:<inode>`, in the order of discovery: what was rotated away is read before what came after it. */
  readonly #followers = new Map<string, Follower>()
  readonly #told = new Map<string, string>()
  #opened = 0
  #running: Promise<void> | undefined
  #stopped = false
  #wake = () => {}

  constructor(options: TailOptions) {
    const { maxLength, sender, pollMs = 250, graceMs = 30_000, openFiles = 256 } = options
    this.#options = options
    this.#discovery = new Discovery({ ...options, onTrouble: (kind, path, message) => this.#tell(kind, path, message) })
    this.#pollMs = pollMs
    this.#graceMs = graceMs
    this.#openFiles = openFiles
    this.#reader = { chunk: Buffer.allocUnsafeSlow(Math.max(256 << 10, 2 * maxLength)), maxLength, sender }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#running
    for (const follower of this.#followers.values()) await follower.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const more = await this.poll()
      if (more || this.#stopped) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pollMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Looks at all files once, as `start` does again and again. True when there is more to read at once. */
  async poll(): Promise<boolean> {
    await this.#discover()
    let more = false
    const followers = [...this.#followers.values()].filter(({ done }) => !done)
    const atPaths = await statAll(followers.map(({ path }) => path))
    for (const [i, follower] of followers.entries()) {
      if (this.#stopped) return false
      try {
        const turn = await this.#visit(follower, atPaths[i] ?? null)
        if (turn === 'more' || turn === 'truncated') more = true
        this.#told.delete(follower.path)
      } catch (error) {
        this.#tell('unreadable', follower.path, messageOf(error))
      }
    }
    return more
  }

  async #discover(): Promise<void> {
    try {
      const look = await this.#discovery.look(this.#followers)
      if (look === null) return
      this.#told.delete(this.#options.stateFile)
      for (const [found, known] of look.rotated) this.#follow(found, known).rotated = true
      for (const [found, known] of look.files) this.#follow(found, known)
      for (const [id, { done }] of this.#followers) if (done && !look.seen.has(id)) this.#followers.delete(id)
    } catch (error) {
      this.#tell('state', this.#options.stateFile, messageOf(error))
    }
  }

  #follow({ path, stats, head }: Found, { stream, offset, lines }: Known, lane?: TailSink): Follower {
    const sink = lane ?? this.#options.sinkFor({ stream, path, sequence: lines })
    const follower = new Follower({ stream, sink, stats, path, offset, lines, head })
    this.#followers.set(follower.id, follower)
    return follower
  }

  async #visit(follower: Follower, atPath: BigIntStats | null): Promise<Turn> {
    const here = atPath !== null && idOf(atPath) === follower.id
    if (!here) follower.rotated = true
    if (here && follower.restsAt(atPath)) return this.#rest(follower)
    if (!(await this.#open(follower))) {
      // Gone since the look at its path: the next look tells where it is.
      if (follower.rotated) await this.#leave(follower)
      return 'idle'
    }
    const stats = here ? atPath : await follower.handle?.stat({ bigint: true })
    if (stats === undefined || follower.restsAt(stats)) return this.#rest(follower)
    const turn = await follower.read(this.#reader, stats)
    if (turn === 'idle') return this.#rest(follower)
    if (turn === 'full') void follower.sink.whenReady().then(() => this.#wake())
    if (turn === 'truncated') await this.#startAnew(follower)
    if (turn === 'compressed') {
      this.#tell('compressed', follower.path, 'is compressed, and not read')
      this.#discovery.ignore(stats)
      await this.#leave(follower)
    }
    return turn
  }

  /** Read to its end for now. */
  async #rest(follower: Follower): Promise<Turn> {
    if (!follower.rotated) {
      if (this.#opened > this.#openFiles) await this.#close(follower)
    } else if (Date.now() - follower.changedAt >= this.#graceMs) {
      if (!(await this.#open(follower)) || (await follower.flush(this.#reader))) await this.#leave(follower)
    }
    return 'idle'
  }

  /** After it was truncated: what it still had is read from the copy, if there is one; the path gets a new stream. */
  async #startAnew(follower: Follower): Promise<void> {
    const { known } = follower
    const taken = new Set([...this.#followers.values()].filter(({ done }) => !done).map(({ id }) => id))
    const rest = await this.#discovery.restOf(known, taken)
    this.#tell('truncated', follower.path, `was truncated after ${known.offset} bytes, and is read from its beginning`)
    await this.#leave(follower, rest === null)
    this.#followers.delete(follower.id)
    this.#discovery.note({ ...known, id: '' })
    if (rest !== null) this.#follow(rest, known, follower.sink).rotated = true
    this.#discovery.hurry()
  }

  async #leave(follower: Follower, ended = true): Promise<void> {
    await this.#close(follower)
    follower.done = true
    this.#discovery.note(follower.known)
    if (ended) this.#options.ended?.(follower.stream)
  }

  /** By its path, or by what it was renamed to in its directory. False: it is nowhere. */
  async #open(follower: Follower): Promise<boolean> {
    if (follower.handle !== undefined) return true
    const paths = [follower.path]
    if (follower.rotated) {
      const files = await listAll(dirname(follower.path))
      paths.unshift(...files.filter(({ stats }) => idOf(stats) === follower.id).map(({ path }) => path))
    }
    for (const path of paths) {
      const opened = await openToRead(path).catch((error: unknown) => {
        if (!follower.rotated && errorCode(error) !== 'ENOENT') throw error
      })
      if (!opened) continue
      const { handle, stats } = opened
      if (idOf(stats) === follower.id) {
        Object.assign(follower, { handle, path })
        this.#opened++
        return true
      }
      await handle.close()
    }
    return false
  }

  async #close(follower: Follower): Promise<void> {
    if (follower.handle !== undefined) this.#opened--
    await follower.close()
  }

  #tell(kind: TailHappening['kind'], path: string, message: string): void {
    if (this.#told.get(path) === message) return
    this.#told.set(path, message)
    this.#options.onHappening({ kind, path, message })
  }
}

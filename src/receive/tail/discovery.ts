import type { BigIntStats } from 'node:fs'
import { glob, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { messageOf } from '../../ledger/files.ts'
import type { Follower } from './follower.ts'
import { endOfLastLine, idOf, listAll, openToRead, readHead, statAll } from './open.ts'
import { type Known, matches } from './position.ts'
import { TailState } from './state.ts'
import { type Found, Streams } from './streams.ts'

/** A glob that takes longer is used less often. */
const MAX_LOOK_MS = 100

type Start = [found: Found, known: Known]

/** What a look at the file system found. */
interface Look {
  /** Files that were rotated away while nobody looked, with lines still to be read. */
  rotated: Start[]
  files: Start[]
  /** `<dev>:<inode>` of all that the patterns match. */
  seen: Set<string>
}

export interface DiscoveryOptions {
  patterns: readonly string[]
  from: 'beginning' | 'end'
  stateFile: string
  resume: ReadonlyMap<string, unknown>
  discoverMs?: number
  onTrouble(kind: 'unreadable' | 'state', path: string, message: string): void
}

/** Finds files, and for each the stream that it continues or a new one. */
export class Discovery {
  readonly #options: DiscoveryOptions
  #streams: Streams | undefined
  #nextAt = 0
  #first = true
  /** Files not to be read, by id and time of birth, since the id alone is soon another file's. */
  readonly #ignored = new Set<string>()

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Null when it is not yet time. */
  async look(followers: ReadonlyMap<string, Follower>): Promise<Look | null> {
    const began = Date.now()
    if (began < this.#nextAt) return null
    const { stateFile, resume, onTrouble, discoverMs = 1000 } = this.#options
    this.#streams ??= new Streams(
      await TailState.load(stateFile, (message) => onTrouble('state', stateFile, message)),
      resume,
    )
    const { seen, fresh, grown } = await this.#scan(followers)
    if (fresh.length > 0) for (const { known } of followers.values()) this.#streams.note(known)
    const rotated = this.#first ? await this.#rotatedMeanwhile(this.#streams, fresh, followers) : []
    const claimed = new Set(rotated.map(([{ stats }]) => idOf(stats)))
    const unclaimed = fresh.filter(({ stats }) => !claimed.has(idOf(stats)))
    const files = await this.#assign(this.#streams, unclaimed, new Set([...seen, ...followers.keys()]))
    this.#first = false
    const took = Date.now() - began
    this.#nextAt = Date.now() + (took > MAX_LOOK_MS && discoverMs > 0 ? 10 * took : discoverMs)
    return { rotated, files: [...grown, ...files], seen }
  }

  /** Looks again as soon as possible. */
  hurry(): void {
    this.#nextAt = 0
  }

  ignore(stats: BigIntStats): void {
    this.#ignored.add(birthOf(stats))
  }

  note(known: Known): void {
    this.#streams?.note(known)
  }

  /**
   * Where the lines of a stream after `offset` are, when its path leads elsewhere: the file itself under another name
   * of the same directory, or the copy that copytruncate made before it truncated.
   */
  async restOf(known: Known, taken: ReadonlySet<string>, list: List = listAll): Promise<Found | null> {
    if (known.path === '') return null
    const name = basename(known.path)
    const files = (await list(dirname(known.path))).filter(({ path, stats }) => {
      const id = idOf(stats)
      const copy = basename(path).startsWith(name) && !known.fingerprint.startsWith('0:')
      return Number(stats.size) > known.offset && !taken.has(id) && path !== known.path && (id === known.id || copy)
    })
    const newest = files.toSorted((a, b) => Number(b.stats.mtimeNs - a.stats.mtimeNs))
    const itself = newest.filter(({ stats }) => idOf(stats) === known.id)
    for (const { path } of [...itself, ...newest]) {
      const found = await find(path).catch(() => null)
      if (found !== null && matches(known.fingerprint, found.head)) return found
    }
    return null
  }

  async #scan(followers: ReadonlyMap<string, Follower>) {
    const seen = new Set<string>()
    const births = new Set<string>()
    const fresh: Found[] = []
    const grown: Start[] = []
    const matches = await Array.fromAsync(glob([...this.#options.patterns]))
    const paths = matches.map((match) => resolve(match))
    const all = await statAll(paths)
    for (const [i, path] of paths.entries()) {
      const stats = all[i]
      if (!stats?.isFile() || seen.has(idOf(stats))) continue
      const id = idOf(stats)
      seen.add(id)
      births.add(birthOf(stats))
      if (this.#ignored.has(birthOf(stats))) continue
      const follower = followers.get(id)
      if (follower === undefined) {
        const found = await find(path).catch((error: unknown) => {
          this.#options.onTrouble('unreadable', path, messageOf(error))
        })
        if (found) fresh.push(found)
        continue
      }
      await renamed(follower, path)
      if (follower.done && !follower.restsAt(stats)) grown.push([{ path, stats, head: follower.head }, follower.known])
    }
    for (const birth of this.#ignored) if (!births.has(birth)) this.#ignored.delete(birth)
    return { seen, fresh, grown }
  }

  async #rotatedMeanwhile(streams: Streams, fresh: readonly Found[], followers: ReadonlyMap<string, Follower>) {
    const continued = new Map(fresh.flatMap((found) => streams.of(found) ?? []).map((known) => [known.stream, known]))
    const taken = new Set([...followers.keys(), ...[...continued.values()].map(({ id }) => id)])
    const rotated: Start[] = []
    const listings = new Map<string, ReturnType<List>>()
    const list: List = (directory) => {
      const listing = listings.get(directory) ?? listAll(directory)
      listings.set(directory, listing)
      return listing
    }
    for (const known of streams.all) {
      if (continued.has(known.stream) || taken.has(known.id)) continue
      const found = await this.restOf(known, taken, list)
      if (found === null) continue
      taken.add(idOf(found.stats))
      rotated.push([found, known])
    }
    return rotated
  }

  async #assign(streams: Streams, fresh: readonly Found[], live: ReadonlySet<string>): Promise<Start[]> {
    const files: Start[] = []
    const added: (Found & { start: number; of?: string })[] = []
    const paths = new Set(streams.all.map(({ path }) => path))
    for (const found of fresh) {
      const known = streams.of(found)
      if (known !== undefined) {
        files.push([found, { ...known, path: found.path }])
        continue
      }
      const copy = streams.copyOf(found)
      if (copy === 'unclear') continue
      if (copy !== undefined || streams.isCopy(found)) {
        this.ignore(found.stats)
        if (copy !== undefined) added.push({ ...found, start: 0, of: copy.stream })
        continue
      }
      const atEnd = this.#options.from === 'end' && this.#first && !paths.has(found.path)
      added.push({ ...found, start: atEnd ? await endOfLastLine(found.path) : 0 })
    }
    if (added.length === 0) return files
    const minted = await streams.mint(added, live)
    for (const [i, found] of added.entries()) if (found.of === undefined) files.push([found, minted[i]])
    return files
  }
}

async function find(path: string): Promise<Found> {
  const { handle, stats } = await openToRead(path)
  try {
    return { path, stats, head: await readHead(handle) }
  } finally {
    await handle.close()
  }
}

/** Of two names (hard links) the one that a follower has stays. */
async function renamed(follower: Follower, path: string): Promise<void> {
  if (follower.path === path) return
  const old = await stat(follower.path, { bigint: true }).catch(() => null)
  if (old !== null && idOf(old) === follower.id) return
  follower.path = path
  follower.rotated = true
}

type List = typeof listAll
const birthOf = (stats: BigIntStats) => `${idOf(stats)}:${stats.birthtimeNs}`

import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Sender } from '../sender.ts'
import { readHead } from './open.ts'
import { fingerprintOf, type Known, type TailPosition } from './position.ts'

/** Where the lines of one stream go: a lane. */
export interface TailSink {
  /** Takes one line without its line end; the bytes are the caller's again, and so is the object that holds `value`. */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    sender: Sender,
    receivedAt: number,
    truncated: boolean,
    position: { key: string; value: TailPosition },
  ): void
  /** Calls `push`, which hands over lines of one chunk of bytes: they may be taken when it is done. */
  together(push: () => void): void
  readonly full: boolean
  whenReady(): Promise<void>
}

export interface Reader {
  /** Shared by all files of the input, which are read one after the other; longer than `maxLength`. */
  chunk: Buffer
  maxLength: number
  sender: Sender
}

/** idle: read to its end; more: there may be more; full: the sink takes no more now. */
export type Turn = 'idle' | 'more' | 'full' | 'truncated' | 'compressed'

const CHUNKS_PER_TURN = 4
const LF = 10

/** One file that is read, under one stream. A truncated file gets a new one. */
export class Follower {
  readonly stream: string
  readonly sink: TailSink
  readonly dev: string
  readonly inode: string
  path: string
  offset: number
  lines: number
  head: Buffer
  handle: FileHandle | undefined
  /** The path leads to another file, or nowhere: read on until it rests. */
  rotated = false
  /** Read to the end after it was rotated, or not to be read at all. */
  done = false
  /** ms since the epoch of the last sign of life. */
  changedAt = Date.now()
  /** What the file looked like before it was last read to its end. */
  #rested: { size: bigint; mtime: bigint } | undefined
  #fingerprint: string
  readonly #position: { key: string; value: TailPosition }
  /** The beginning of a line longer than the chunk, and up to where its end was looked for. */
  #long: { text: Buffer; scanned: number } | undefined

  constructor(file: {
    stream: string
    sink: TailSink
    stats: { dev: bigint; ino: bigint }
    path: string
    offset: number
    lines: number
    head: Buffer
  }) {
    this.stream = file.stream
    this.sink = file.sink
    this.dev = String(file.stats.dev)
    this.inode = String(file.stats.ino)
    this.path = file.path
    this.offset = file.offset
    this.lines = file.lines
    this.head = file.head
    this.#fingerprint = fingerprintOf(file.head)
    this.#position = { key: file.stream, value: this.#now() }
  }

  get id(): string {
    return `${this.dev}:${this.inode}`
  }

  get known(): Known {
    const { stream, path, id, offset, lines } = this
    return { stream, path, id, offset, lines, fingerprint: this.#fingerprint }
  }

  /** Nothing happened since it was last read to its end. */
  restsAt(stats: BigIntStats): boolean {
    return this.#rested !== undefined && this.#rested.size === stats.size && this.#rested.mtime === stats.mtimeNs
  }

  async close(): Promise<void> {
    const { handle } = this
    this.handle = undefined
    await handle?.close()
  }

  /** Reads on, some chunks at most. */
  async read(reader: Reader, stats: BigIntStats): Promise<Turn> {
    this.#rested = undefined
    for (let i = 0; i < CHUNKS_PER_TURN; i++) {
      if (this.sink.full) return 'full'
      const from = this.#long?.scanned ?? this.offset
      const bytes = await this.#chunk(reader, from)
      // After reading: what came out of a file that was truncated meanwhile is not taken for its next lines.
      if (!(await this.#isSame(from + bytes.length))) return 'truncated'
      if (this.offset === 0 && isCompressed(this.head)) return 'compressed'
      if (bytes.length > 0) this.changedAt = Date.now()
      let took = false
      this.sink.together(() => {
        took = this.#push(reader, bytes, from)
      })
      if (!took) return 'full'
      if (bytes.length < reader.chunk.length) {
        this.#rested = { size: stats.size, mtime: stats.mtimeNs }
        return 'idle'
      }
    }
    return 'more'
  }

  /** Hands on what stands after the last line end, when no more is to come. False: the sink is full. */
  async flush(reader: Reader): Promise<boolean> {
    const bytes = await this.#chunk(reader, this.#long?.scanned ?? this.offset)
    if (this.sink.full) return false
    if (this.#long !== undefined) this.#endLong(reader, this.#long.text, this.#long.scanned + bytes.length)
    else if (bytes.length > 0) this.#line(reader, bytes, 0, bytes.length, this.offset + bytes.length)
    return true
  }

  async #chunk({ chunk }: Reader, from: number): Promise<Buffer> {
    if (this.handle === undefined) throw new Error(`${this.path} is not open`)
    const { bytesRead } = await this.handle.read(chunk, 0, chunk.length, from)
    return chunk.subarray(0, bytesRead)
  }

  /** Still the file that was read so far, and at least `size` bytes long. */
  async #isSame(size: number): Promise<boolean> {
    if (this.handle === undefined) return false
    if ((await this.handle.stat()).size < size) return false
    const head = await readHead(this.handle)
    if (!head.subarray(0, this.head.length).equals(this.head)) return false
    if (head.length > this.head.length) {
      this.head = head
      this.#fingerprint = fingerprintOf(head)
    }
    return true
  }

  /** False when the sink got full before the end. */
  #push(reader: Reader, bytes: Buffer, from: number): boolean {
    let at = 0
    for (;;) {
      const end = bytes.indexOf(LF, at)
      if (end === -1) break
      if (this.sink.full) return false
      if (this.#long !== undefined) this.#endLong(reader, this.#long.text, from + end + 1)
      else this.#line(reader, bytes, at, end, from + end + 1)
      at = end + 1
    }
    // No line end in a full chunk, which is longer than a line may be: keep what will be handed on, look further.
    if (at === 0 && bytes.length === reader.chunk.length) {
      this.#long ??= { text: Buffer.from(bytes.subarray(0, reader.maxLength)), scanned: 0 }
      this.#long.scanned = from + bytes.length
    }
    return true
  }

  #endLong(reader: Reader, text: Buffer, offset: number): void {
    this.#long = undefined
    this.#line(reader, text, 0, text.length, offset, true)
  }

  #line(reader: Reader, bytes: Buffer, start: number, end: number, offset: number, cut = false): void {
    const tooLong = end - start > reader.maxLength
    this.offset = offset
    this.lines++
    this.#position.value = this.#now()
    const last = tooLong ? start + reader.maxLength : end
    this.sink.push(bytes, start, last, reader.sender, this.changedAt, cut || tooLong, this.#position)
  }

  /** A new object per line: the lane keeps the one of the last line of each batch. */
  #now(): TailPosition {
    return {
      stream: this.stream,
      offset: this.offset,
      lines: this.lines,
      dev: this.dev,
      inode: this.inode,
      fingerprint: this.#fingerprint,
    }
  }
}

/** gzip, zstd, xz, bzip2: rotated files that the same glob happens to match. */
function isCompressed(head: Buffer): boolean {
  const magic = head.toString('latin1', 0, 6)
  return /^(\x1f\x8b|\x28\xb5\x2f\xfd|\xfd7zXZ\0|BZh[1-9]1)/.test(magic)
}

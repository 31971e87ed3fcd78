import type { ArchivePart } from '../archive/archive.ts'
import { ARCHIVE_GROWTH, writeArchiveLine } from '../archive/line.ts'

/** Handed on when that many bytes wait, or when the lane's batches are due. */
const LOG_BYTES = 256 << 10
/** Paths remembered at once. Beyond it the numbering starts anew with the next hand-over. */
const PATHS = 65_536

/**
 * Collects a lane's archive lines in the order received, in one log for all files, so that memory stays flat however
 * many files there are; `take` sorts them by file.
 */
export class ArchiveLines {
  #log = Buffer.allocUnsafeSlow(LOG_BYTES * 2)
  #used = 0
  readonly #paths: { root: string; path: string }[] = []
  readonly #byPath = new Map<string, number>()
  /** Runs of lines for one file, as (file, end of the run in the log, lines). */
  #runs = new Int32Array(3 * 1024)
  #runCount = 0

  /** The number that stands for a path from now on. */
  file(root: string, path: string): number {
    let file = this.#byPath.get(path)
    if (file === undefined) {
      file = this.#paths.push({ root, path }) - 1
      this.#byPath.set(path, file)
    }
    return file
  }

  /** True when the numbering has grown too long: the caller takes what waits, forgets all numbers and calls `reset`. */
  get overgrown(): boolean {
    return this.#paths.length > PATHS
  }

  reset(): void {
    this.#paths.length = 0
    this.#byPath.clear()
  }

  add(file: number, bytes: Uint8Array, start: number, end: number): void {
    const need = this.#used + (end - start) * ARCHIVE_GROWTH + 1
    if (need > this.#log.length)
      this.#log = Buffer.concat([this.#log.subarray(0, this.#used)], Math.max(need, LOG_BYTES) * 2)
    this.#used = writeArchiveLine(this.#log, this.#used, bytes, start, end)
    const last = (this.#runCount - 1) * 3
    if (last >= 0 && this.#runs[last] === file) {
      this.#runs[last + 1] = this.#used
      this.#runs[last + 2]++
      return
    }
    const at = this.#runCount++ * 3
    if (at === this.#runs.length) {
      const longer = new Int32Array(this.#runs.length * 2)
      longer.set(this.#runs)
      this.#runs = longer
    }
    this.#runs[at] = file
    this.#runs[at + 1] = this.#used
    this.#runs[at + 2] = 1
  }

  get full(): boolean {
    return this.#used >= LOG_BYTES
  }

  get empty(): boolean {
    return this.#used === 0
  }

  /** All that waits, one part a file, as views of one new buffer. */
  take(): ArchivePart[] {
    const sizes = new Map<number, { bytes: number; lines: number; at: number }>()
    for (let run = 0, from = 0; run < this.#runCount; run++) {
      const file = this.#runs[run * 3]
      const to = this.#runs[run * 3 + 1]
      const size = sizes.get(file)
      if (size === undefined) sizes.set(file, { bytes: to - from, lines: this.#runs[run * 3 + 2], at: 0 })
      else {
        size.bytes += to - from
        size.lines += this.#runs[run * 3 + 2]
      }
      from = to
    }
    const sorted = Buffer.allocUnsafeSlow(this.#used)
    const parts: ArchivePart[] = []
    let at = 0
    for (const [file, size] of sizes) {
      size.at = at
      parts.push({ ...this.#paths[file], bytes: sorted.subarray(at, at + size.bytes), lines: size.lines })
      at += size.bytes
    }
    for (let run = 0, from = 0; run < this.#runCount; run++) {
      const size = sizes.get(this.#runs[run * 3])
      const to = this.#runs[run * 3 + 1]
      if (size !== undefined) size.at += this.#log.copy(sorted, size.at, from, to)
      from = to
    }
    this.#used = 0
    this.#runCount = 0
    return parts
  }
}

import type { ArchivePart } from '../archive/archive.ts'
import { ARCHIVE_GROWTH, writeArchiveLine } from '../archive/line.ts'

/**
 * Handed on when that many bytes wait, or when the lane's batches are due. A hand-over costs a write for each file: with a
 * fourth of it, the main thread took 0.6 µs a line of 20 files instead of 0.3.
 */
const LOG_BYTES = 1 << 20
/** Of a lane with few lines; there may be hundreds. */
const FIRST_BYTES = 64 << 10
/** Paths remembered at once. Beyond it the numbering starts anew with the next hand-over. */
const PATHS = 65_536

/**
 * Collects a lane's archive lines in the order received, in one log for all files, so that memory stays flat however
 * many files there are; `take` sorts them by file.
 */
export class ArchiveLines {
  #log = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0
  readonly #paths: { root: string; path: string }[] = []
  readonly #byPath = new Map<string, number>()
  /** Runs of lines for one file, as (file, end of the run in the log, lines). */
  #runs = new Int32Array(3 * 1024)
  #runCount = 0
  /** By file, while they are sorted; 0 otherwise. */
  #bytes = new Int32Array(0)
  #lines = new Int32Array(0)

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
    if (need > this.#log.length) {
      const longer = Buffer.allocUnsafeSlow(need * 2)
      this.#log.copy(longer, 0, 0, this.#used)
      this.#log = longer
    }
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
    const runs = this.#runs
    const count = this.#runCount * 3
    if (this.#bytes.length < this.#paths.length) {
      this.#bytes = new Int32Array(this.#paths.length * 2)
      this.#lines = new Int32Array(this.#paths.length * 2)
    }
    const bytes = this.#bytes
    const lines = this.#lines
    const files: number[] = []
    for (let run = 0, from = 0; run < count; run += 3) {
      const file = runs[run]
      if (lines[file] === 0) files.push(file)
      bytes[file] += runs[run + 1] - from
      lines[file] += runs[run + 2]
      from = runs[run + 1]
    }
    const sorted = Buffer.allocUnsafeSlow(this.#used)
    const parts: ArchivePart[] = []
    let at = 0
    for (const file of files) {
      const end = at + bytes[file]
      parts.push({ ...this.#paths[file], bytes: sorted.subarray(at, end), lines: lines[file] })
      // From here on where the file's next run goes.
      bytes[file] = at
      at = end
    }
    for (let run = 0, from = 0; run < count; run += 3) {
      const file = runs[run]
      const to = runs[run + 1]
      bytes[file] += this.#log.copy(sorted, bytes[file], from, to)
      from = to
    }
    for (const file of files) bytes[file] = lines[file] = 0
    this.#used = 0
    this.#runCount = 0
    return parts
  }
}

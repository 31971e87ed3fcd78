import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

const LF = 10
const chunk = Buffer.alloc(1 << 20)

/** Counts the lines of all files below a directory whose names end in `suffix`, reading only what was added since. */
export class LineCounter {
  readonly #dir: string
  readonly #suffix: string
  readonly #read = new Map<string, number>()
  #lines = 0

  constructor(dir: string, suffix: string) {
    this.#dir = dir
    this.#suffix = suffix
  }

  count(): number {
    const names = readdirSync(this.#dir, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith(this.#suffix))
    for (const name of names) this.#add(join(this.#dir, name))
    return this.#lines
  }

  #add(path: string): void {
    let at = this.#read.get(path) ?? 0
    if (statSync(path).size === at) return
    const fd = openSync(path, 'r')
    try {
      for (;;) {
        const length = readSync(fd, chunk, 0, chunk.length, at)
        if (length === 0) break
        at += length
        const part = chunk.subarray(0, length)
        for (let feed = part.indexOf(LF); feed >= 0; feed = part.indexOf(LF, feed + 1)) this.#lines++
      }
    } finally {
      closeSync(fd)
    }
    this.#read.set(path, at)
  }
}

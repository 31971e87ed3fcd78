import { UserError } from '../errors.ts'
import { Datagrams } from './datagrams.ts'

/** Longer than anything a log contains; a file without line ends must not fill the memory. */
const MAX_LINE = 16 * 1024 * 1024
/** So many lines come together: sent by one `sendmmsg`. */
const BATCH = 512

export interface Lines {
  /** Each line without its LF or CR LF; empty ones included. */
  lines: Datagrams
  /** Number of the first of them, from 1. */
  first: number
}

/** Cuts chunks into lines. The last line needs no LF. */
export async function* cutLines(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Lines, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let number = 1
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let lines = new Datagrams(bytes)
    let start = 0
    for (let end = bytes.indexOf(10, rest.length); end !== -1; end = bytes.indexOf(10, start)) {
      lines.add(start, end > start && bytes[end - 1] === 13 ? end - 1 : end)
      start = end + 1
      if (lines.count === BATCH) {
        yield { lines, first: number }
        number += lines.count
        lines = new Datagrams(bytes)
      }
    }
    if (lines.count > 0) yield { lines, first: number }
    number += lines.count
    rest = bytes.subarray(start)
    if (rest.length > MAX_LINE) throw new UserError(`${name}:${number}: a line of more than 16 MiB: is this a log?`)
  }
  if (rest.length > 0) {
    const lines = new Datagrams(rest)
    lines.add(0, rest.at(-1) === 13 ? rest.length - 1 : rest.length)
    yield { lines, first: number }
  }
}

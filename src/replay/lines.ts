import { UserError } from '../errors.ts'
import { Datagrams } from './datagrams.ts'

/** Longer than anything a log contains; a file without line ends must not fill the memory. */
const MAX_LINE = 16 * 1024 * 1024
const LF = 10
const CR = 13
/** So many lines come together: sent by one `sendmmsg`. */
const BATCH = 512

export interface Lines {
  /** Each line without its LF or CR LF; empty ones included. */
  lines: Datagrams
  /** Number of the first of them, from 1. */
  first: number
}

/** The beginning of a line, harmless to a terminal. */
export function excerpt(line: string): string {
  return JSON.stringify(line.slice(0, 80)).replace(/[\x7f-\x9f]/g, '?')
}

/** Cuts chunks into lines. The last line needs no LF. */
export async function* cutLines(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Lines, void, undefined> {
  /** The beginning of a line that goes on in the next chunk; joined only once, also if that takes many. */
  let rest: Buffer[] = []
  let restLength = 0
  let number = 1
  for await (const chunk of chunks) {
    rest.push(chunk)
    restLength += chunk.length
    if (chunk.includes(LF)) {
      const bytes = rest.length === 1 ? chunk : Buffer.concat(rest)
      let lines = new Datagrams(bytes)
      let start = 0
      for (let end = bytes.indexOf(LF, restLength - chunk.length); end !== -1; end = bytes.indexOf(LF, start)) {
        lines.add(start, end > start && bytes[end - 1] === CR ? end - 1 : end)
        start = end + 1
        if (lines.count === BATCH) {
          yield { lines, first: number }
          number += lines.count
          lines = new Datagrams(bytes)
        }
      }
      if (lines.count > 0) yield { lines, first: number }
      number += lines.count
      rest = start < bytes.length ? [bytes.subarray(start)] : []
      restLength = bytes.length - start
    }
    if (restLength > MAX_LINE) throw new UserError(`${name}:${number}: a line of more than 16 MiB: is this a log?`)
  }
  if (restLength === 0) return
  const lines = new Datagrams(Buffer.concat(rest))
  lines.add(0, lines.bytes.at(-1) === CR ? restLength - 1 : restLength)
  yield { lines, first: number }
}

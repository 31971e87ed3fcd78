import type { LaneOptions } from '../lane/options.ts'
import type { Recording } from '../replay/recording.ts'
import { type Difference, differencesOf } from './differences.ts'
import { Side } from './side.ts'

/**
 * Lines compared together, and their bytes. At the end of each part lines that wait for a next one are given out, by
 * both sides.
 */
const LINES = 20_000
const BYTES = 16 << 20

export interface Compared {
  lines: number
  /** Events that outputs get. */
  before: number
  after: number
  /** Of each config: lines that no output got, by why. */
  accounts: [before: Record<string, number>, after: Record<string, number>]
}

/**
 * Sends a recording through two configs' lanes; nothing else happens. `found` gets every difference; when it returns a
 * promise, that is waited for.
 */
export async function diff(
  before: LaneOptions,
  after: LaneOptions,
  recording: Recording,
  found: (difference: Difference) => void | Promise<void>,
): Promise<Compared> {
  const left = new Side(before)
  const right = new Side({ ...after, stream: before.stream })
  const compared: Compared = { lines: 0, before: 0, after: 0, accounts: [left.account, right.account] }
  let lines = 0
  let bytes = 0
  const compare = async () => {
    const old = left.take()
    const now = right.take()
    compared.lines += lines
    compared.before += old.events.size
    compared.after += now.events.size
    for (const difference of differencesOf(old, now)) {
      const wait = found(difference)
      if (wait !== undefined) await wait
    }
    lines = 0
    bytes = 0
  }
  for await (const some of recording.read()) {
    for (const line of some) {
      left.push(line)
      right.push(line)
      lines++
      bytes += line.end - line.start
      if (lines >= LINES || bytes >= BYTES) await compare()
    }
  }
  await compare()
  return compared
}

import type { Mark } from '../../ledger/mark-set.ts'
import { lostMark } from '../settlement.ts'
import { GROUP, keysOf, REMEMBERED } from './keys.ts'
import type { RedisLink } from './link.ts'

/** An entry that can't be read, as far as its key line tells of it; `stream` '' when it does not. */
export interface Unreadable {
  id: string
  stream: string
  number: number
  part: number
  count: number
  bytes: number
  storedBytes: number
}

export const markField = ({ stream, number, part }: Mark) => `${stream} ${number} ${part}`

/**
 * Puts an entry aside for people. With `consumer` it is counted as lost by that shipper, whose mark is given back;
 * without, it is neither waiting nor settled: its copy is taken over, or who appended it counts it as lost.
 * Undefined when it was gone.
 */
export async function setAside(
  link: RedisLink,
  output: string,
  entry: Unreadable,
  consumer: string | undefined,
): Promise<{ text: string; mark: Mark | undefined } | undefined> {
  const { batches, counts, rests, damaged, settled, marks } = keysOf(output)
  const { id, stream, number, count, bytes, storedBytes } = entry
  const isKnown = stream !== ''
  const mark = isKnown && consumer !== undefined ? lostMark({ ...entry, output, tally: [] }, 'damaged') : undefined
  const result = await link.run((client) =>
    client.sluiceSetAside(
      ...[batches, counts, rests, damaged, marks(consumer ?? 'nobody'), settled(stream)],
      ...[GROUP, id, count, bytes, storedBytes],
      ...[mark ? markField(mark) : '', mark ? JSON.stringify(mark) : '', number, REMEMBERED],
    ),
  )
  if (result !== 1) return undefined
  const what = isKnown ? `batch ${stream}-${number} of ${count} events` : `entry ${id}`
  return { text: `${what} in ${link.name} is damaged, kept in the stream ${damaged}`, mark }
}

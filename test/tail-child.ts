import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Sender } from '../src/receive/sender.ts'
import type { TailPosition } from '../src/receive/tail/position.ts'
import { TailInput } from '../src/receive/tail/tail.ts'

/** A batch as a buffer keeps it: events and the position after the last of them, durable in one step. */
export interface JournalBatch {
  stream: string
  first: number
  lines: string[]
  position: TailPosition
}

/** What was wholly appended; a kill can leave half a batch at the end. */
export function readJournal(path: string): JournalBatch[] {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line))
}

/** Follows files and keeps their lines in a journal, until it is killed. Arguments: pattern, state file, journal. */
if (import.meta.main) {
  const [pattern = '', stateFile = '', journal = ''] = process.argv.slice(2)
  const resume = new Map(readJournal(journal).map(({ stream, position }) => [stream, position]))
  // Ends what a kill cut short.
  appendFileSync(journal, '\n')
  new TailInput({
    patterns: [pattern],
    from: 'beginning',
    maxLength: 1000,
    sender: new Sender('me', true),
    stateFile,
    resume,
    pollMs: 5,
    discoverMs: 20,
    onHappening: () => {},
    sinkFor({ stream, sequence }) {
      let last = sequence
      let batch: JournalBatch | undefined
      const close = () => {
        if (batch !== undefined) appendFileSync(journal, `${JSON.stringify(batch)}\n`)
        batch = undefined
      }
      return {
        push(bytes, start, end, _sender, _receivedAt, _truncated, { value }) {
          last++
          batch ??= { stream, first: last, lines: [], position: value }
          batch.lines.push(Buffer.from(bytes.subarray(start, end)).toString())
          batch.position = value
          if (batch.lines.length === 1) setTimeout(close, 10)
          if (batch.lines.length === 100) close()
        },
        full: false,
        together: (push) => push(),
        whenReady: () => Promise.resolve(),
      }
    },
  }).start()
}

import { Enrichment, type Multiline } from '../dataset/enrichment.ts'
import type { Line } from '../event/line.ts'
import type { Piece } from '../event/piece.ts'
import { Sender } from '../receive/sender.ts'
import { Header } from '../syslog/header.ts'
import type { SenderNote } from './senders.ts'
import type { Slot } from './sources.ts'

const NOTHING = new Uint8Array(0)
const NOBODY = new Sender('', true)

/** One line: where its bytes are, and what was read out of them. Used again for later lines. */
export class ParsedLine implements Line {
  bytes: Uint8Array = NOTHING
  start = 0
  end = 0
  sender = NOBODY
  receivedAt = 0
  truncated = false
  position: { key: string; value: unknown } | null = null
  readonly header = new Header()
  note: SenderNote | null = null
  slot: Slot | null = null
  /** Any output gets its event. */
  wanted = false
  /** How such messages go on over several lines, and whether this one goes on with the one before. */
  multiline: Multiline | null = null
  continues = false
  /** `made` when a dataset concerns the line, otherwise null. */
  enrichment: Enrichment | null = null
  readonly made = new Enrichment()
  time = 0
  path: Piece | null = null

  get kind(): Slot {
    if (this.slot === null) throw new Error('the line has not been read yet')
    return this.slot
  }

  /** Sender, host, program and pid: what lines share that go on with each other. */
  get key(): string {
    const { bytes, note } = this
    const { source } = this.kind
    const { pidStart, pidEnd } = this.header
    const pid =
      pidStart < 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + pidStart, pidEnd - pidStart).toString('latin1')
    return `${note?.index}\n${source.host}\n${source.program}\n${pid}`
  }
}

import type { EnrichInput, Enrichment, Multiline } from '../dataset/enrichment.ts'
import type { Line } from '../event/line.ts'
import { Memory } from '../event/memory.ts'
import type { Piece } from '../event/piece.ts'
import { Sender } from '../receive/sender.ts'
import { Header } from '../syslog/header.ts'
import { type Zone, zoneOf } from '../syslog/zone.ts'
import type { SenderNote } from './senders.ts'
import type { LaneSource, Slot } from './sources.ts'

const NOTHING = new Memory(new Uint8Array(0))
const NOBODY = new Sender('', true)
const UTC = zoneOf('UTC')

/**
 * One line: where its bytes are, and what was read out of them, which is also what filters and datasets may ask. Used
 * again for later lines.
 */
export class ParsedLine implements Line, EnrichInput {
  memory = NOTHING
  start = 0
  end = 0
  from = NOBODY
  receivedAt = 0
  truncated = false
  position: { key: string; value: unknown } | null = null
  /** In its stream; its event's id. */
  number = 0
  readonly header = new Header()
  note: SenderNote | null = null
  zone: Zone = UTC
  source: LaneSource | null = null
  slot: Slot | null = null
  /** Any output gets its event. */
  wanted = false
  /** How such messages go on over several lines, and whether this one goes on with the one before. */
  multiline: Multiline | null = null
  continues = false
  enrichment: Enrichment | null = null
  time = 0
  path: Piece | null = null
  readonly tags: readonly string[] = []
  #message: string | null = null

  get kind(): Slot {
    if (this.slot === null) throw new Error('the line has not been read yet')
    return this.slot
  }

  get sender(): string {
    return this.note === null ? '' : this.note.address
  }

  /** Each is decoded once, and only when somebody asks. */
  message(): string {
    this.#message ??= this.memory.text(this.header.messageStart, this.header.lineEnd)
    return this.#message
  }

  match(): string {
    const pid = this.header.pidStart < 0 ? '' : `[${this.pid()}]`
    return `${this.source?.program ?? ''}${pid}: ${this.message()}`
  }

  pid(): string {
    const { pidStart, pidEnd } = this.header
    return pidStart < 0 ? '' : this.memory.text(pidStart, pidEnd)
  }

  hasPlainPid(): boolean {
    const { bytes } = this.memory
    const { pidStart, pidEnd } = this.header
    for (let i = pidStart; i < pidEnd; i++) if (bytes[i] < 0x30 || bytes[i] > 0x39) return false
    return true
  }

  /** The bytes are others now. */
  forgetTexts(): void {
    this.#message = null
  }
}

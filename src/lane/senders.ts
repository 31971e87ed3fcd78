import type { Sender } from '../receive/sender.ts'
import type { Zone } from '../syslog/zone.ts'
import type { ZoneRules } from './zone-rules.ts'

/** What a lane remembers of a sender. */
export interface SenderNote {
  index: number
  address: string
  zone: Zone
}

/** Senders noted at once; beyond it the notes start anew. */
const CAPACITY = 65_536

/** A lane's notes on senders; the one before is found at once, since datagrams of one sender come in runs. */
export class SenderNotes {
  readonly #notes = new Map<Sender, SenderNote>()
  readonly #zones: ZoneRules
  #count = 0
  #last: Sender | null = null
  #lastNote: SenderNote | null = null

  constructor(zones: ZoneRules) {
    this.#zones = zones
  }

  of(sender: Sender): SenderNote {
    if (sender === this.#last && this.#lastNote !== null) return this.#lastNote
    let note = this.#notes.get(sender)
    if (note === undefined) {
      note = { index: this.#count++, address: sender.address, zone: this.#zones.ofSender(sender.address) }
      if (this.#notes.size === CAPACITY) this.#notes.clear()
      this.#notes.set(sender, note)
    }
    this.#last = sender
    this.#lastNote = note
    return note
  }
}

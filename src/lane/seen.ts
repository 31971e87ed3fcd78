import type { Slot } from './sources.ts'

/** Lines of one host and route since the report before: the parts of the ledger that batches do not carry. */
export interface SeenReport {
  host: string
  route: string
  /** Name of the rule that dropped them, or null. */
  drop: string | null
  lines: number
  /** True when no output gets them. */
  archivedOnly: boolean
  /** Newest difference of reception from the lines' own time, ms; NaN when they had none. */
  skew: number
}

const MOST_SLOTS = 8192

/** Notes which slots had lines, and reports them once a second. */
export class SeenSlots {
  #slots: Slot[] = []

  add(slot: Slot): void {
    if (slot.seen++ === 0) this.#slots.push(slot)
  }

  /** True when a flood of new names would make the list long: report now. */
  get full(): boolean {
    return this.#slots.length >= MOST_SLOTS
  }

  get empty(): boolean {
    return this.#slots.length === 0
  }

  take(): SeenReport[] {
    const reports = this.#slots.map((slot) => {
      const { source, decision, seen: lines } = slot
      slot.seen = 0
      return {
        host: source.host,
        route: decision.routes.join('+'),
        drop: decision.drop,
        lines,
        archivedOnly: decision.outputs.length === 0 && decision.drop === null,
        skew: source.skew,
      }
    })
    this.#slots = []
    return reports
  }
}

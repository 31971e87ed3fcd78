const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 30_000
/** Bounds what names from strangers can take; further indices are tried again with every batch. */
const MOST = 1000

interface Hold {
  reason: string
  pause: number
  /** When it is tried again, ms since the epoch. */
  until: number
  isTried: boolean
}

/**
 * Indices that take no events at the moment: read-only, closed, missing. Their events are not sent; after a pause that
 * doubles from 1 to 30 s those of one batch are, to see whether the index takes them again.
 */
export class Holds {
  readonly #holds = new Map<string, Hold>()

  get isEmpty(): boolean {
    return this.#holds.size === 0
  }

  /** Why events wait, for people; null when none do. */
  get reason(): string | null {
    const [first, ...others] = this.#holds
    if (first === undefined) return null
    const more = others.length === 0 ? '' : `, and those of ${others.length} more indices`
    return `events of index ${first[0]} wait${more}: ${first[1].reason}`
  }

  /** Why the events of an index have to wait; null when they may be sent, perhaps to try it again. */
  waits(index: string, now: number): string | null {
    const hold = this.#holds.get(index)
    if (hold === undefined) return null
    if (now < hold.until) return hold.reason
    hold.isTried = true
    hold.until = soon(now, hold.pause)
    return null
  }

  /** The index took none; true when it is news. */
  add(index: string, reason: string, now: number): boolean {
    const before = this.#holds.get(index)
    if (before === undefined && this.#holds.size >= MOST) return false
    // Answers to requests that were sent before it was held say nothing new.
    if (before !== undefined && !before.isTried) return false
    const pause = before === undefined ? FIRST_PAUSE : Math.min(before.pause * 2, LONGEST_PAUSE)
    this.#holds.set(index, { reason, pause, until: soon(now, pause), isTried: false })
    return before === undefined
  }

  /** The index took an event; true when it is news. */
  remove(index: string): boolean {
    return this.#holds.delete(index)
  }
}

function soon(now: number, pause: number): number {
  return now + pause * (0.75 + Math.random() / 2)
}

/** What the lock says: who leads. */
export interface Term {
  /** Of one process; null: the last one has resigned. */
  holder: string | null
  /** How long the others wait after its last sign of life, ms. */
  lease: number
}

/** A term as it was read, with what a replacement has to name. */
export interface Read<Version> {
  term: Term
  version: Version
}

/** One small document that only one of several writers can change at a time. */
export interface Lock<Version> {
  /** Null: there is none yet. */
  read(): Promise<Read<Version> | null>
  /** Only when the document is still the one of `previous` (null: when there is still none). Null: somebody was faster. */
  write(term: Term, previous: Version | null): Promise<Version | null>
}

/** A leader stops to act this share of the lease before the others may take over. */
const MARGIN = 0.25

/**
 * Chooses one of several processes without comparing their clocks: a leader rewrites the lock at each beat; the others
 * take over when they themselves have seen the same version of it for as long as a lease, on their own monotonic clock.
 * A process that was stopped and wakes up finds by that clock that it leads no more.
 */
export class Election<Version> {
  readonly #me: string
  readonly #lock: Lock<Version>
  readonly #lease: number
  readonly #now: () => number
  /** What was read last, and when it was first seen. */
  #seen: { version: Version; since: number } | null = null
  #mine: Version | null = null
  #until = Number.NEGATIVE_INFINITY

  /** @param now ms of a clock that only goes forward. */
  constructor(options: { me: string; lock: Lock<Version>; lease: number; now?: () => number }) {
    this.#me = options.me
    this.#lock = options.lock
    this.#lease = options.lease
    this.#now = options.now ?? (() => performance.now())
  }

  /** Whether this process may act right now. */
  get leads(): boolean {
    return this.#now() < this.#until
  }

  /** A sign of life, or a try to take over; to be called several times per lease. @throws what the lock throws */
  async beat(): Promise<boolean> {
    // Before the request: the others count from when they see it, which is later.
    const start = this.#now()
    if (this.#mine !== null) {
      await this.#take(this.#mine, start)
    } else {
      const read = await this.#lock.read()
      if (read === null || this.#isFree(read, start)) await this.#take(read?.version ?? null, start)
    }
    return this.leads
  }

  /** Lets another one lead at once. */
  async resign(): Promise<void> {
    const mine = this.#mine
    this.#mine = null
    this.#until = Number.NEGATIVE_INFINITY
    if (mine !== null) await this.#lock.write({ holder: null, lease: this.#lease }, mine)
  }

  #isFree({ term, version }: Read<Version>, now: number): boolean {
    // Ours, of an answer that got lost: nobody else writes that name.
    if (term.holder === null || term.holder === this.#me) return true
    if (JSON.stringify(this.#seen?.version) !== JSON.stringify(version)) this.#seen = { version, since: now }
    return now - (this.#seen?.since ?? now) >= Math.max(term.lease, this.#lease)
  }

  async #take(previous: Version | null, start: number): Promise<void> {
    // Without an answer it is not known who leads: the next beat reads.
    this.#mine = null
    const version = await this.#lock.write({ holder: this.#me, lease: this.#lease }, previous)
    this.#mine = version
    this.#until = version === null ? Number.NEGATIVE_INFINITY : start + this.#lease * (1 - MARGIN)
  }
}

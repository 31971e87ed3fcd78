import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../ledger/files.ts'

const PAUSES = { first: 250, longest: 30_000 }

/**
 * Lets deliveries through while they succeed. After one that failed, whatever its reason, only one at a time may try, in
 * turn, after a pause that doubles from a quarter of a second to half a minute, with jitter: an output that is down or
 * full is asked at intervals, and shows why.
 */
export class Gate {
  /** Why it is closed; null when it is open. */
  reason: string | null = null
  readonly #onChange: (reason: string | null) => void
  readonly #pauses: typeof PAUSES
  #pause: number
  #turn: Promise<void> = Promise.resolve()

  /**
   * @param onChange told of each new reason, and of null
   * @param pauses ms
   */
  constructor(onChange: (reason: string | null) => void, pauses = PAUSES) {
    this.#onChange = onChange
    this.#pauses = pauses
    this.#pause = pauses.first
  }

  /** Runs `work` until it succeeds, or `signal` aborts. */
  async through(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await (this.reason === null ? work() : this.#inTurn(work, signal))
        return
      } catch (error) {
        this.close(error)
      }
    }
  }

  close(error: unknown): void {
    this.#tell(messageOf(error))
  }

  async #inTurn(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const before = this.#turn
    const mine = Promise.withResolvers<void>()
    this.#turn = mine.promise
    try {
      await before
      if (this.reason !== null) {
        await delay(this.#pause * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
        this.#pause = Math.min(this.#pause * 2, this.#pauses.longest)
      }
      if (signal.aborted) throw new Error(this.reason ?? 'stopped')
      await work()
      this.#pause = this.#pauses.first
      this.#tell(null)
    } finally {
      mine.resolve()
    }
  }

  #tell(reason: string | null): void {
    if (reason === this.reason) return
    this.reason = reason
    this.#onChange(reason)
  }
}

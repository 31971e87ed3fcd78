/** So often may an event fail by itself. */
const ENOUGH = 10
/** Events remembered; the one that failed first is forgotten first. */
const MOST = 2000

/**
 * Events that were refused (429, or cut off) though they were all that was sent. From then on they are sent alone. A
 * failure counts when the cluster has taken smaller requests since the last one, and none as large: then it is the
 * event's size that it can't take, not the moment. Otherwise it is busy, and an event of any size may wait.
 */
export class Attempts {
  /** By action line: how often, and the largest request that was taken since, bytes. */
  readonly #failed = new Map<string, { times: number; largest: number }>()

  get isEmpty(): boolean {
    return this.#failed.size === 0
  }

  /** Whether the event has to be sent alone. */
  isSuspect(action: string): boolean {
    return this.#failed.has(action)
  }

  /** A request of so many bytes was taken. */
  taken(bytes: number): void {
    for (const event of this.#failed.values()) event.largest = Math.max(event.largest, bytes)
  }

  /** An event of so many bytes failed alone; true when it is to be given up. */
  fails(action: string, bytes: number): boolean {
    const before = this.#failed.get(action)
    const counts = before === undefined || (before.largest > 0 && before.largest < bytes)
    const times = (before?.times ?? 0) + (counts ? 1 : 0)
    if (times >= ENOUGH) {
      this.forget(action)
      return true
    }
    if (before === undefined && this.#failed.size >= MOST) {
      for (const [oldest] of this.#failed) {
        this.forget(oldest)
        break
      }
    }
    this.#failed.set(action, { times, largest: 0 })
    return false
  }

  forget(action: string): void {
    this.#failed.delete(action)
  }
}

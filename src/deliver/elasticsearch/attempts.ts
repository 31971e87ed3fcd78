/** So often may an event fail by itself. */
const ENOUGH = 10
/** Events remembered; the one that failed first is forgotten first. */
const MOST = 2000

/**
 * Events that the cluster puts off again and again while it takes others. One that has failed nine times so is sent
 * alone; failing once more, it is to blame itself. While the cluster takes nothing, no failure counts.
 */
export class Attempts {
  /** By action line: how often, and how many requests had been taken at the last. */
  readonly #failed = new Map<string, { times: number; taken: number }>()
  readonly #suspects = new Set<string>()

  /** No event has to be sent alone. */
  get isEmpty(): boolean {
    return this.#suspects.size === 0
  }

  isSuspect(action: string): boolean {
    return this.#suspects.has(action)
  }

  /**
   * @param taken requests that the cluster has taken so far
   * @returns true when the event is to be given up
   */
  fails(action: string, taken: number, isAlone: boolean): boolean {
    const before = this.#failed.get(action)
    if (before !== undefined && before.taken === taken) return false
    const times = (before?.times ?? 0) + 1
    if (times >= ENOUGH && isAlone) {
      this.forget(action)
      return true
    }
    if (before === undefined && this.#failed.size >= MOST) {
      for (const [oldest] of this.#failed) {
        this.forget(oldest)
        break
      }
    }
    this.#failed.set(action, { times, taken })
    if (times >= ENOUGH - 1) this.#suspects.add(action)
    return false
  }

  forget(action: string): void {
    this.#failed.delete(action)
    this.#suspects.delete(action)
  }
}

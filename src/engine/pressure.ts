import type { SeenReport } from '../lane/seen.ts'

/** Shares of the buffer's budget at which shedding begins, and ends. */
const BEGIN = 0.9
const END = 0.8

/**
 * Decides whose events are discarded when the buffer is nearly full: one more host a second, the noisiest of the last
 * seconds first, until the buffer drains. Better the sender that floods than all of them at random.
 */
export class Pressure {
  #recent = new Map<string, number>()
  readonly #shed = new Set<string>()

  seen(reports: readonly SeenReport[]): void {
    for (const { host, lines } of reports) this.#recent.set(host, (this.#recent.get(host) ?? 0) + lines)
  }

  /** Called once a second with the fullest output's share. Returns the hosts when they have changed, otherwise null. */
  step(share: number): string[] | null {
    let changed = false
    if (share >= BEGIN) {
      const noisiest = [...this.#recent].filter(([host]) => !this.#shed.has(host)).sort((a, b) => b[1] - a[1])[0]
      if (noisiest !== undefined) {
        this.#shed.add(noisiest[0])
        changed = true
      }
    } else if (share < END && this.#shed.size > 0) {
      this.#shed.clear()
      changed = true
    }
    for (const [host, lines] of this.#recent) {
      if (lines < 2) this.#recent.delete(host)
      else this.#recent.set(host, lines / 2)
    }
    return changed ? [...this.#shed] : null
  }
}

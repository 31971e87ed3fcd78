/**
 * Reading positions of lines, in their order. One is safe only when all lines up to it are in a batch: while a line is
 * held back, those from it on wait. Keeps no more of them than lines are held.
 */
export class LinePositions {
  readonly #safe = new Map<string, unknown>()
  readonly #waiting: { line: number; key: string; value: unknown }[] = []

  /**
   * @param line its number, rising
   * @param newestHeld number of the line held last; -1: none is held
   */
  add(line: number, { key, value }: { key: string; value: unknown }, newestHeld: number): void {
    if (newestHeld < 0) {
      this.#safe.set(key, value)
      return
    }
    const last = this.#waiting.at(-1)
    if (last !== undefined && last.key === key && last.line > newestHeld) {
      last.line = line
      last.value = value
    } else this.#waiting.push({ line, key, value })
  }

  /** Makes those of lines before `oldestHeld` safe. */
  release(oldestHeld: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0].line < oldestHeld) {
      const position = this.#waiting.shift()
      if (position !== undefined) this.#safe.set(position.key, position.value)
    }
  }

  get empty(): boolean {
    return this.#safe.size === 0
  }

  /** Takes out the safe ones. */
  take(): Record<string, unknown> {
    const positions = Object.fromEntries(this.#safe)
    this.#safe.clear()
    return positions
  }
}

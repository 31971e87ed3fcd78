/**
 * Reading positions of batches that are put away at the same time: one is safe only when all batches of its stream
 * before it are, or a kill would skip their lines. What could not be put away holds back those behind it until it is.
 */
export class PositionOrder {
  readonly #streams = new Map<string, { open: Set<number>; ready: Map<number, Record<string, unknown>> }>()

  /** A batch is about to be put away. */
  begin(stream: string, number: number): void {
    const state = this.#streams.get(stream) ?? { open: new Set(), ready: new Map() }
    state.open.add(number)
    this.#streams.set(stream, state)
  }

  /** All batches before it are put away. */
  isFirst(stream: string, number: number): boolean {
    const { open = [number] } = this.#streams.get(stream) ?? {}
    return Math.min(...open) === number
  }

  /** It is put away; gives the positions that are safe now, undefined for none. */
  done(stream: string, number: number, positions?: Record<string, unknown>): Record<string, unknown> | undefined {
    const state = this.#streams.get(stream)
    if (!state) return positions
    state.open.delete(number)
    if (positions) state.ready.set(number, positions)
    const first = Math.min(...state.open)
    const safe = [...state.ready].filter(([ready]) => ready < first).sort(([a], [b]) => a - b)
    for (const [ready] of safe) state.ready.delete(ready)
    if (state.open.size === 0 && state.ready.size === 0) this.#streams.delete(stream)
    return safe.length === 0 ? undefined : Object.assign({}, ...safe.map(([, position]) => position))
  }
}

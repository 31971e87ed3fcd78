/** So many ids are one bitmap. */
const BLOCK = 65_536

/**
 * The ids that were seen, from the action lines of events. Those of the form `<stream>-<sequence>` cost a bit each,
 * others a string.
 */
export class IdSet {
  readonly #blocks = new Map<string, Uint8Array>()
  readonly #others = new Set<string>()
  #last: { key: string; block: Uint8Array } = { key: '', block: new Uint8Array() }

  /** False when it was there already. Events without an id are all new. */
  add(action: string): boolean {
    const start = action.indexOf('"_id":"')
    if (start < 0) return true
    const end = action.indexOf('"', start + 7)
    const dash = end - 16
    const sequence = Number(action.slice(dash + 1, end))
    if (action[dash] !== '-' || !Number.isInteger(sequence)) return this.#addOther(action.slice(start + 7, end))
    const block = this.#block(`${action.slice(start + 7, dash)}/${Math.floor(sequence / BLOCK)}`)
    const bit = sequence % BLOCK
    const mask = 1 << (bit & 7)
    const before = block[bit >> 3] ?? 0
    block[bit >> 3] = before | mask
    return (before & mask) === 0
  }

  #block(key: string): Uint8Array {
    if (this.#last.key === key) return this.#last.block
    let block = this.#blocks.get(key)
    if (block === undefined) {
      block = new Uint8Array(BLOCK / 8)
      this.#blocks.set(key, block)
    }
    this.#last = { key, block }
    return block
  }

  #addOther(id: string): boolean {
    const before = this.#others.size
    this.#others.add(id)
    return this.#others.size > before
  }
}

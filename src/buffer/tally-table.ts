import type { Tally } from './buffer.ts'

interface Row {
  route: string
  host: string
  events: number
}

/**
 * The waiting events by route and host. Entries keep two numbers a pair instead of strings: with each event from
 * another host, which a stranger can bring about, that is 16 bytes an event.
 */
export class TallyTable {
  readonly #ids = new Map<string, number>()
  readonly #rows = new Map<number, Row>()
  #next = 0

  add(tally: Tally): number[] {
    const packed: number[] = []
    for (const [route, host, events] of tally) {
      const key = `${route}\0${host}`
      let id = this.#ids.get(key)
      if (id === undefined) {
        id = this.#next++
        this.#ids.set(key, id)
        this.#rows.set(id, { route, host, events: 0 })
      }
      const row = this.#rows.get(id)
      if (row) row.events += events
      packed.push(id, events)
    }
    return packed
  }

  unpack(packed: readonly number[]): Tally {
    const tally: Tally = []
    for (let at = 0; at < packed.length; at += 2) {
      const row = this.#rows.get(packed[at] ?? -1)
      if (row) tally.push([row.route, row.host, packed[at + 1] ?? 0])
    }
    return tally
  }

  remove(packed: readonly number[]): void {
    for (let at = 0; at < packed.length; at += 2) {
      const id = packed[at] ?? -1
      const row = this.#rows.get(id)
      if (!row) continue
      row.events -= packed[at + 1] ?? 0
      if (row.events > 0) continue
      this.#rows.delete(id)
      this.#ids.delete(`${row.route}\0${row.host}`)
    }
  }
}

import { expect } from 'vitest'
import type { TailSink } from './follower.ts'
import type { TailFile } from './tail.ts'

/** For tests. What a store would hold: one event an id; positions as durable as the test says. */
export class FakeStore {
  readonly events = new Map<string, string>()
  readonly order: string[] = []
  readonly positions = new Map<string, unknown>()
  readonly flagged: string[] = []
  readonly ended: string[] = []
  durable = true
  full = false
  #ready: (() => void)[] = []

  sinkFor({ stream, sequence: last }: TailFile): TailSink {
    let sequence = last
    const store = this
    return {
      push(bytes, start, end, _sender, _receivedAt, truncated, position) {
        const text = Buffer.from(bytes.subarray(start, end)).toString()
        const id = `${stream}-${++sequence}`
        expect(position.key).toBe(stream)
        expect(position.value.lines).toBe(sequence)
        // The same id must never stand for two lines.
        expect(store.events.get(id) ?? text).toBe(text)
        if (!store.events.has(id)) store.order.push(text)
        store.events.set(id, text)
        if (truncated) store.flagged.push(text)
        if (store.durable) store.positions.set(stream, JSON.parse(JSON.stringify(position.value)))
      },
      together: (push) => push(),
      get full() {
        return store.full
      },
      whenReady: () => new Promise((resolve) => store.#ready.push(resolve)),
    }
  }

  makeRoom(): void {
    this.full = false
    for (const ready of this.#ready.splice(0)) ready()
  }
}

/** One unsettled batch, without its body. */
export interface Entry {
  /** The place in the order of appending; a rest has the place of what it is left of. */
  order: number
  stream: string
  number: number
  part: number
  count: number
  /** Bytes of the body. */
  bytes: number
  received: { from: number; to: number }
  /** (id, events) pairs of a TallyTable. */
  tally: readonly number[]
}

/** An entry that somebody has taken. 'over': settled, given back or run out. */
export interface Held<E> {
  entry: E
  state: 'held' | 'settling' | 'over'
  until: number
}

/** The unsettled batches of one output, in order, and who holds which. */
export class Pending<E extends Entry> {
  readonly #leaseMs: number
  /** All of them, by order: a Map goes through its keys as they were first set. */
  readonly #entries = new Map<number, E>()
  readonly #held = new Map<number, Held<E>>()
  /** Orders in line, from #head on; those that came back or came late are in #early, smallest first. */
  #line: number[] = []
  #head = 0
  #early: number[] = []
  #wake = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined
  events = 0
  bytes = 0

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  get size(): number {
    return this.#entries.size
  }

  /** Entries that nobody holds. */
  get waiting(): number {
    return this.#entries.size - this.#held.size
  }

  /** The entry that has waited longest. */
  get oldest(): E | undefined {
    return this.#entries.values().next().value
  }

  values(): Iterable<E> {
    return this.#entries.values()
  }

  add(entry: E): void {
    this.#entries.set(entry.order, entry)
    this.#count(entry, 1)
    const last = this.#line.at(-1)
    if (last === undefined || entry.order > last) {
      this.#line.push(entry.order)
      this.#wakeAll()
    } else {
      this.#comeBack(entry.order)
    }
  }

  /** Waits for the next entry; undefined when `signal` aborts. */
  async next(signal: AbortSignal): Promise<Held<E> | undefined> {
    while (!signal.aborted) {
      const entry = this.#take()
      if (entry) {
        const held: Held<E> = { entry, state: 'held', until: Date.now() + this.#leaseMs }
        this.#held.set(entry.order, held)
        this.#watch()
        return held
      }
      const aborted = Promise.withResolvers<void>()
      const abort = () => aborted.resolve()
      signal.addEventListener('abort', abort, { once: true })
      await Promise.race([this.#wake.promise, aborted.promise])
      signal.removeEventListener('abort', abort)
    }
    return undefined
  }

  renew(held: Held<E>): void {
    if (held.state === 'held') held.until = Date.now() + this.#leaseMs
  }

  /** @param after ms until it comes again; nobody holds it meanwhile. */
  release(held: Held<E>, after = 0): void {
    if (held.state !== 'held') return
    const { order } = held.entry
    held.state = 'over'
    this.#held.delete(order)
    if (after > 0) setTimeout(() => this.#comeBack(order), after).unref()
    else this.#comeBack(order)
  }

  /** Takes the right to settle; false when the lease is over. Then `finish`, or `cancel` when it failed. */
  begin(held: Held<E>): boolean {
    if (held.state !== 'held') return false
    held.state = 'settling'
    return true
  }

  cancel(held: Held<E>): void {
    held.state = 'held'
    this.renew(held)
    this.#watch()
  }

  /** Takes the entry out; `rest` takes its place. */
  finish(held: Held<E>, rest?: E): void {
    const { entry } = held
    held.state = 'over'
    this.#held.delete(entry.order)
    this.#count(entry, -1)
    if (rest) {
      this.#entries.set(entry.order, rest)
      this.#count(rest, 1)
      this.#comeBack(entry.order)
    } else {
      this.#entries.delete(entry.order)
    }
  }

  /** Takes hold of the oldest entries for which `isOver` is true, up to the first that nobody holds and is not. */
  takeWhile(isOver: (entry: E) => boolean): Held<E>[] {
    const taken: Held<E>[] = []
    for (const entry of this.#entries.values()) {
      if (this.#held.has(entry.order)) continue
      if (!isOver(entry)) break
      const held = this.hold(entry)
      if (held) taken.push(held)
    }
    return taken
  }

  /** Takes hold of an entry to settle it; undefined when it is gone, or somebody holds it. */
  hold(entry: E): Held<E> | undefined {
    if (!this.has(entry) || this.#held.has(entry.order)) return undefined
    // Its order stays in line; #take passes over what is held or gone.
    const held: Held<E> = { entry, state: 'settling', until: Infinity }
    this.#held.set(entry.order, held)
    return held
  }

  has(entry: E): boolean {
    return this.#entries.get(entry.order) === entry
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #take(): E | undefined {
    for (;;) {
      const early = this.#early[0]
      const inLine = this.#line[this.#head]
      if (early === undefined && inLine === undefined) return undefined
      let order: number
      if (early !== undefined && (inLine === undefined || early < inLine)) {
        order = early
        this.#early.shift()
      } else {
        order = inLine ?? 0
        this.#head++
        if (this.#head > 1024 && this.#head * 2 > this.#line.length) {
          this.#line = this.#line.slice(this.#head)
          this.#head = 0
        }
      }
      const entry = this.#held.has(order) ? undefined : this.#entries.get(order)
      if (entry) return entry
    }
  }

  #comeBack(order: number): void {
    const last = this.#early.at(-1) ?? 0
    const at = order > last ? -1 : this.#early.findIndex((other) => other > order)
    this.#early.splice(at === -1 ? this.#early.length : at, 0, order)
    this.#wakeAll()
  }

  #wakeAll(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  #count({ count, bytes }: E, sign: 1 | -1): void {
    this.events += sign * count
    this.bytes += sign * bytes
  }

  /** One timer for the lease that runs out first. */
  #watch(): void {
    if (this.#timer !== undefined) return
    let first = Infinity
    for (const held of this.#held.values()) if (held.state === 'held') first = Math.min(first, held.until)
    if (first === Infinity) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        const now = Date.now()
        for (const held of [...this.#held.values()]) if (held.state === 'held' && held.until <= now) this.release(held)
        this.#watch()
      },
      Math.max(1, first - Date.now()),
    ).unref()
  }
}

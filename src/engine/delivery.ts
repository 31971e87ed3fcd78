import { setTimeout as delay } from 'node:timers/promises'
import type { BatchBuffer, Lease, Outcome } from '../buffer/buffer.ts'
import { restOf } from '../deliver/bulk-lines.ts'
import type { DeadLetters } from '../deliver/dead/dead-letters.ts'
import type { Output } from '../deliver/output.ts'
import { messageOf } from '../ledger/files.ts'
import type { Logger } from './log.ts'

/** Leases delivered together: whichever is reached first. A store takes 100 small batches as dearly as one. */
const GROUP_LEASES = 32
const GROUP_BYTES = 8 << 20
const GROUP_MILLIS = 500
const RENEW_MILLIS = 10_000
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 30_000

/** Takes one output's batches out of the buffer, delivers and settles them, until told to stop. */
export class Delivery {
  readonly name: string
  /** Why nothing goes out at the moment; null while it does. */
  trouble: string | null = null
  readonly #buffer: BatchBuffer
  readonly #output: Output
  readonly #dead: DeadLetters
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(options: { name: string; buffer: BatchBuffer; output: Output; dead: DeadLetters; log: Logger }) {
    this.name = options.name
    this.#buffer = options.buffer
    this.#output = options.output
    this.#dead = options.dead
    this.#log = options.log
    this.#running = this.#run()
  }

  /** Takes no more leases, settles what is under way, gives back what could not be delivered. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#output.close()
  }

  /** The buffer's own failures (too many open files, say) end its leases, so they are begun anew. */
  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#takeLeases()
      } catch (error) {
        this.#fail(error)
        await delay(FIRST_PAUSE, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
  }

  #fail(error: unknown): void {
    const reason = messageOf(error)
    if (reason !== this.trouble) this.#log.warn({ output: this.name, reason }, 'delivery failed, trying again')
    this.trouble = reason
  }

  async #takeLeases(): Promise<void> {
    for await (const group of gather(this.#buffer.leases(this.name, this.#stop.signal))) {
      const renewal = setInterval(() => {
        for (const lease of group) lease.renew().catch(() => {})
      }, RENEW_MILLIS)
      try {
        await this.#deliver(group)
      } finally {
        clearInterval(renewal)
      }
    }
  }

  async #deliver(group: Lease[]): Promise<void> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const outcomes = await this.#output.deliver(group.map((lease) => lease.batch))
        await Promise.all(group.map((lease, i) => this.#settle(lease, outcomes[i])))
        if (this.trouble !== null) this.#log.info({ output: this.name }, 'delivery goes on')
        this.trouble = null
        return
      } catch (error) {
        this.#fail(error)
      }
      if (!this.#stop.signal.aborted) {
        await delay(pause * (0.5 + Math.random()), undefined, { signal: this.#stop.signal }).catch(() => {})
      }
      if (this.#stop.signal.aborted) {
        await Promise.all(group.map((lease) => lease.release()))
        return
      }
    }
  }

  async #settle(lease: Lease, outcome: Outcome): Promise<void> {
    const { outcome: kept, letters } = await this.#dead.keep(lease.batch, outcome)
    const again = kept.exceptions.flatMap(([index, verdict]) =>
      verdict === 'retry' || verdict === 'blocked' ? [index] : [],
    )
    if (again.length === 0) await lease.settle(kept)
    else await lease.settle(kept, restOf(lease.batch, again))
    if (letters.length > 0) this.#output.showDead?.(letters)
  }
}

/** Groups leases that come soon after each other. */
async function* gather(leases: AsyncIterable<Lease>): AsyncGenerator<Lease[]> {
  const iterator = leases[Symbol.asyncIterator]()
  let next = iterator.next()
  for (;;) {
    const first = await next
    if (first.done === true) return
    const group = [first.value]
    let bytes = first.value.batch.body.length
    const deadline = Date.now() + GROUP_MILLIS
    let ended = false
    next = iterator.next()
    while (group.length < GROUP_LEASES && bytes < GROUP_BYTES) {
      const timer = new AbortController()
      const wait = delay(Math.max(0, deadline - Date.now()), null, { signal: timer.signal }).catch(() => null)
      const more = await Promise.race([next, wait])
      timer.abort()
      if (more === null) break
      if (more.done === true) {
        ended = true
        break
      }
      group.push(more.value)
      bytes += more.value.batch.body.length
      next = iterator.next()
    }
    yield group
    if (ended) return
  }
}

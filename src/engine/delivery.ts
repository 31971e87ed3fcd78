import { setTimeout as delay } from 'node:timers/promises'
import type { BatchBuffer, Lease, Outcome } from '../buffer/buffer.ts'
import { free, isFreed } from '../buffer/free.ts'
import { restOf } from '../deliver/bulk-lines.ts'
import type { DeadLetters } from '../deliver/dead/dead-letters.ts'
import type { Grouping, Output } from '../deliver/output.ts'
import { Gate } from './gate.ts'
import { gather } from './gather.ts'
import type { Logger } from './log.ts'
import { Putoffs } from './putoffs.ts'

/** A store takes 100 small batches as dearly as one. */
const GROUPING: Grouping = { batches: 32, bytes: 8 << 20, millis: 500, concurrency: 1 }
const RENEW_MILLIS = 10_000
const PAUSE_MILLIS = 250
/** How long a stop waits for what is under way. */
const STOP_MILLIS = 5000

/** Takes one output's batches out of the buffer, delivers and settles them, until told to stop. */
export class Delivery {
  readonly name: string
  readonly #buffer: BatchBuffer
  readonly #output: Output
  readonly #dead: Pick<DeadLetters, 'keep'>
  readonly #grouping: Grouping
  readonly #gate: Gate
  readonly #putoffs = new Putoffs()
  /** Leases taken and not yet given back or settled. */
  readonly #held = new Set<Lease>()
  readonly #groups = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  readonly #abandon = new AbortController()
  readonly #running: Promise<void>

  constructor(options: {
    name: string
    buffer: BatchBuffer
    output: Output
    dead: Pick<DeadLetters, 'keep'>
    log: Logger
  }) {
    const { name: output, log } = options
    this.name = output
    this.#buffer = options.buffer
    this.#output = options.output
    this.#dead = options.dead
    this.#grouping = { ...GROUPING, ...options.output.grouping }
    this.#gate = new Gate((reason) => {
      if (reason === null) log.info({ output }, 'delivery goes on')
      else log.warn({ output, reason }, 'delivery failed, trying again')
    })
    this.#running = this.#run()
  }

  /** Why nothing goes out at the moment; null while it does. */
  get trouble(): string | null {
    return this.#gate.reason
  }

  /** Why some events wait while others go out; null when none do. */
  get holding(): string | null {
    return this.#output.trouble ?? null
  }

  /** Takes no more leases, settles what is under way, gives back what could not be delivered. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const timer = setTimeout(() => this.#abandon.abort(), STOP_MILLIS)
    await this.#running
    clearTimeout(timer)
    await this.#output.close()
  }

  /** The buffer's own failures (too many open files, say) end its leases, so they are begun anew. */
  async #run(): Promise<void> {
    const renewal = setInterval(() => {
      for (const lease of this.#held) lease.renew().catch(() => {})
    }, RENEW_MILLIS)
    while (!this.#stop.signal.aborted) {
      try {
        await this.#takeLeases()
      } catch (error) {
        this.#gate.close(error)
        await delay(PAUSE_MILLIS, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
    await Promise.all(this.#groups)
    clearInterval(renewal)
  }

  async #takeLeases(): Promise<void> {
    for await (const group of gather(this.#leases(), this.#grouping)) {
      const underWay = this.#deliver(group).finally(() => this.#groups.delete(underWay))
      this.#groups.add(underWay)
      while (this.#groups.size >= this.#grouping.concurrency) await Promise.race(this.#groups)
    }
  }

  /** The buffer's leases, renewed from now on: the next one is taken while those before are under way. */
  async *#leases(): AsyncGenerator<Lease> {
    for await (const lease of this.#buffer.leases(this.name, this.#stop.signal)) {
      this.#held.add(lease)
      yield lease
    }
  }

  async #deliver(group: Lease[]): Promise<void> {
    await this.#gate.through(async () => {
      // When the buffer failed while these were being settled, some are; one that ran out may be settled by the next.
      const leases = group.filter((lease) => this.#held.has(lease) && !isFreed(lease.batch.body))
      const batches = leases.map(({ batch }) => batch)
      const outcomes = await this.#output.deliver(batches, this.#abandon.signal)
      await Promise.all(leases.map((lease, i) => this.#settle(lease, outcomes[i])))
    }, this.#stop.signal)
    for (const lease of group) if (this.#held.delete(lease)) lease.release().catch(() => {})
  }

  async #settle(lease: Lease, outcome: Outcome): Promise<void> {
    const { batch } = lease
    const { outcome: kept, letters } = await this.#dead.keep(batch, outcome, this.#putoffs.times(batch))
    const again = kept.exceptions.flatMap(([index, verdict]) =>
      verdict === 'retry' || verdict === 'blocked' ? [index] : [],
    )
    // Kept as it is: writing it anew each time would be work without end.
    if (again.length === batch.count) await lease.release(this.#putoffs.next(batch))
    else {
      const settled = await lease.settle(kept, again.length === 0 ? undefined : restOf(batch, again))
      if (settled === 'settled') free(batch.body)
      this.#putoffs.forget(batch)
    }
    this.#held.delete(lease)
    if (letters.length > 0) this.#output.showDead?.(letters)
  }
}

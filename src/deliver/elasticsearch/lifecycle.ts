import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { messageOf } from '../../ledger/files.ts'
import type { Asked } from './cluster-request.ts'
import type { ElasticsearchConfig } from './config.ts'
import { Election } from './election.ts'
import { ElectionLock } from './election-lock.ts'
import { failureOf } from './failure.ts'
import { remove, retentionPlan } from './retention.ts'
import { applySetup, nameOf, planSetup, type SetupPlan } from './setup.ts'
import type { TemplateSet } from './template.ts'

/** What the care for indices tells, as it happens. */
export type LifecycleHappening =
  | { kind: 'templates_written'; names: string[] }
  /** At the start; it is tried again with the first events, which wait for it. */
  | { kind: 'templates_failed'; reason: string }
  /** Templates that are not ours to write, or don't decide; whole sentences. */
  | { kind: 'templates_advice'; text: string }
  /** This process removes old indices from now on; or another one does. */
  | { kind: 'elected' }
  | { kind: 'not_elected' }
  | { kind: 'index_removed'; index: string; bytes: number; events: number; rule: 'days' | 'size' }
  /** The rules want indices removed that events in the buffer may belong to. */
  | { kind: 'indices_held'; indices: string[] }
  | { kind: 'retention_failed'; reason: string }

export interface LifecycleOptions {
  client: Client
  config: Pick<ElasticsearchConfig, 'index' | 'isDataStream' | 'setup' | 'retention'>
  /** Made only when they are needed. */
  templates(signal: AbortSignal): Promise<TemplateSet[]>
  /** Reception of the oldest event that waits for this output, ms since the epoch; undefined: none waits. */
  oldest(): Promise<number | undefined>
  onHappening(happening: LifecycleHappening): void
  lease?: number
  passMillis?: number
}

/** The others take over from a shipper that has been silent so long. */
const LEASE_MILLIS = 30_000
const PASS_MILLIS = 60_000
const RESIGN_MILLIS = 2000

/** Templates before the first event, and old indices out of the way. */
export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #stop = new AbortController()
  /** Ends the requests that are under way, which would keep the client from closing. */
  readonly #cancel = new AbortController()
  readonly #cluster: Asked
  readonly #caring: Promise<void> | undefined
  #isReady: boolean
  #installing: Promise<void> | undefined
  #held = ''
  #failure = ''

  constructor(options: LifecycleOptions) {
    this.#options = options
    this.#cluster = { client: options.client, signal: this.#cancel.signal }
    const { isDataStream, setup, retention } = options.config
    this.#isReady = !setup
    this.ready().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) options.onHappening({ kind: 'templates_failed', reason: messageOf(error) })
    })
    const hasRules = retention.days !== undefined || retention.size !== undefined
    // Of a data stream the cluster itself removes what is old, as the template says.
    if (hasRules && !isDataStream) this.#caring = this.#care()
  }

  /**
   * Resolves when events may be sent: an index that is made before its template would be another one for good.
   * Rejects with the reason, or when the signal aborts, and tries anew when called again.
   */
  async ready(signal = this.#stop.signal): Promise<void> {
    if (this.#isReady) return
    this.#installing ??= this.#install().finally(() => {
      this.#installing = undefined
    })
    await orStopped(this.#installing, AbortSignal.any([signal, this.#stop.signal]))
  }

  /** Ends what is under way, and lets another process lead. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('stopping'))
    await this.#caring
    this.#cancel.abort()
  }

  async #install(): Promise<void> {
    const { templates, onHappening } = this.#options
    let plan: SetupPlan
    try {
      plan = await planSetup(this.#cluster, await templates(this.#stop.signal))
      await applySetup(this.#cluster, plan)
    } catch (error) {
      throw new Error(`templates: ${failureOf(error).reason} (\`setup: false\` does without)`)
    }
    const written = plan.steps.filter(({ state }) => state === 'new' || state === 'changed')
    if (written.length > 0) {
      onHappening({ kind: 'templates_written', names: written.map(({ template }) => template.name) })
    }
    for (const { template, reason } of plan.steps) {
      if (reason !== undefined) {
        onHappening({ kind: 'templates_advice', text: `the ${nameOf(template)} is left alone: ${reason}` })
      }
    }
    for (const text of plan.warnings) onHappening({ kind: 'templates_advice', text })
    this.#isReady = true
  }

  /** Beats until it is stopped; removes what is old while this process is the elected one. */
  async #care(): Promise<void> {
    const { config, onHappening, lease = LEASE_MILLIS, passMillis = PASS_MILLIS } = this.#options
    const me = `${hostname()}-${randomBytes(8).toString('hex')}`
    const election = new Election({ me, lock: new ElectionLock(this.#cluster, config.index), lease })
    const { signal } = this.#stop
    let led = false
    let next = 0
    while (!signal.aborted) {
      try {
        const leads = await orStopped(election.beat(), signal)
        if (leads !== led) onHappening({ kind: leads ? 'elected' : 'not_elected' })
        led = leads
        if (leads && performance.now() >= next) {
          await orStopped(
            this.#pass(() => election.leads && !signal.aborted),
            signal,
          )
          next = performance.now() + passMillis
        }
        this.#failure = ''
      } catch (error) {
        if (!signal.aborted) this.#fail(failureOf(error).reason)
      }
      await delay(lease / 3, undefined, { signal }).catch(() => {})
    }
    // Should it fail, the others wait for the lease to end.
    await Promise.race([election.resign().catch(() => {}), delay(RESIGN_MILLIS, undefined, { ref: false })])
  }

  async #pass(mayGoOn: () => boolean): Promise<void> {
    const { config, oldest, onHappening } = this.#options
    const { index, retention: rules } = config
    const plan = await retentionPlan({ cluster: this.#cluster, index, rules, now: Date.now(), oldest: await oldest() })
    for await (const { index, rule } of remove(this.#cluster, plan, mayGoOn)) {
      const { name, bytes, events } = index
      onHappening({ kind: 'index_removed', index: name, bytes, events, rule })
    }
    const held = plan.held.map(({ index }) => index.name)
    if (held.length > 0 && held.join() !== this.#held) onHappening({ kind: 'indices_held', indices: held })
    this.#held = held.join()
  }

  /** Once per reason: it is tried again at each beat. */
  #fail(reason: string): void {
    if (reason !== this.#failure) this.#options.onHappening({ kind: 'retention_failed', reason })
    this.#failure = reason
  }
}

/** A cluster that does not answer must not delay a stop. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop))
}

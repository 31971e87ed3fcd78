import type { Client } from '@elastic/elasticsearch'
import type { Batch, Outcome, Verdict } from '../../buffer/buffer.ts'
import { eventsOf } from '../bulk-lines.ts'
import type { DeadLetter } from '../dead/letter.ts'
import type { Output } from '../output.ts'
import { actionOf, admit, indexOf } from './admission.ts'
import type { Item } from './answer.ts'
import { Attempts } from './attempts.ts'
import { Bulk } from './bulk.ts'
import type { ElasticsearchConfig } from './config.ts'
import { DeadCopies } from './dead-copies.ts'
import { type Failure, shown } from './failure.ts'
import { Holds } from './holds.ts'
import type { Lifecycle } from './lifecycle.ts'
import { Pace } from './pace.ts'
import { bytesOf, countOf, halve, pack, type Run } from './runs.ts'
import { fateOf } from './verdict.ts'

/** Of a backlog of small batches one request takes so many, if they fit. */
const MOST_BATCHES = 1000
/** While the cluster takes nothing, requests that would only be refused are not sent. */
const STOP_MILLIS = 5000

export type Happening =
  /** An index does not take events, or does again. */
  | { kind: 'held'; index: string; reason: string }
  | { kind: 'freed'; index: string }
  /** Dead letters have no copies in their index. */
  | { kind: 'not_copied'; reason: string }

export interface ElasticsearchOptions {
  client: Client
  config: Pick<ElasticsearchConfig, 'bulk' | 'gzip'> & Partial<Pick<ElasticsearchConfig, 'deadIndex'>>
  onHappening?(happening: Happening): void
  /** What has to be there before the first event. */
  lifecycle?: Pick<Lifecycle, 'ready' | 'close'>
}

/** One call of `deliver`. */
interface Delivery {
  outcomes: Outcome[]
  signal: AbortSignal | undefined
  /** Requests taken when it began. */
  takenBefore: number
  /** Requests that were refused as a whole. */
  failed: { runs: Run[]; reason: string }[]
  /** Why something of it has to be tried again; null: nothing, or only what waits for its index. */
  trouble: string | null
}

/** Sends batches to a cluster, and says of each event what became of it. */
export class ElasticsearchOutput implements Output {
  readonly grouping
  readonly #bulk: Bulk
  readonly #pace: Pace
  readonly #size: number
  readonly #holds = new Holds()
  readonly #attempts = new Attempts()
  readonly #options: ElasticsearchOptions
  readonly #copies: DeadCopies | undefined
  #stopped = { reason: '', until: 0 }

  constructor(options: ElasticsearchOptions) {
    const { client, config } = options
    const { size, delay, concurrency } = config.bulk
    this.grouping = { batches: MOST_BATCHES, bytes: size, millis: delay, concurrency }
    this.#size = size
    this.#options = options
    this.#pace = new Pace(concurrency)
    this.#bulk = new Bulk(client, config)
    const tell = (reason: string) => options.onHappening?.({ kind: 'not_copied', reason })
    const { deadIndex = false } = config
    if (deadIndex !== false) this.#copies = new DeadCopies(client, deadIndex, tell)
  }

  get trouble(): string | null {
    return this.#holds.reason
  }

  async deliver(batches: Batch[], signal?: AbortSignal): Promise<Outcome[]> {
    await this.#options.lifecycle?.ready(signal)
    const now = Date.now()
    if (now < this.#stopped.until) throw new Error(this.#stopped.reason)
    const outcomes = batches.map((): Outcome => ({ done: 0, duplicate: 0, exceptions: [] }))
    const takenBefore = this.#bulk.taken
    const delivery: Delivery = { outcomes, signal, takenBefore, failed: [], trouble: null }
    const runs: Run[] = []
    const alone: Run[] = []
    for (const [at, batch] of batches.entries()) {
      const admitted = admit(batch, at, { holds: this.#holds, attempts: this.#attempts }, now)
      runs.push(...admitted.runs)
      alone.push(...admitted.alone)
      for (const [index, reason] of admitted.waiting) outcomes[at]?.exceptions.push([index, 'blocked', reason])
    }
    const requests = pack(runs, Math.min(this.#size, this.#bulk.largest ?? this.#size))
    await Promise.all(requests.map((request) => this.#send(delivery, request)))
    for (const run of alone) await this.#send(delivery, [run])
    const isFruitless = outcomes.every(
      ({ done, duplicate, exceptions }) =>
        done + duplicate === 0 && exceptions.every(([, verdict]) => verdict !== 'dead'),
    )
    if (isFruitless && delivery.trouble !== null) throw new Error(delivery.trouble)
    for (const { runs, reason } of delivery.failed) {
      for (const { batch, first, count } of runs)
        for (let i = 0; i < count; i++) outcomes[batch]?.exceptions.push([first + i, 'retry', reason])
    }
    for (const { exceptions } of outcomes) exceptions.sort(([a], [b]) => a - b)
    return outcomes
  }

  showDead(letters: readonly DeadLetter[]): void {
    this.#copies?.take(letters)
  }

  async close(): Promise<void> {
    await this.#copies?.close()
    await this.#options.lifecycle?.close()
    await this.#options.client.close()
  }

  async #send(delivery: Delivery, runs: Run[]): Promise<void> {
    const { answer, isAlone } = await this.#pace.run(async (isAlone) => {
      const start = Date.now()
      const answer = await this.#bulk.send(runs, delivery.signal)
      const tooMany = answer.failure?.isTooMany ?? answer.items?.some(({ status }) => status === 429) ?? false
      if (tooMany) this.#pace.refused(start)
      else if (answer.failure === undefined) {
        this.#pace.answered(start)
        this.#attempts.taken(bytesOf(runs))
      }
      return { answer, isAlone: isAlone() }
    })
    const { failure } = answer
    if (failure === undefined) {
      if (answer.items === null) this.#allTaken(delivery, runs)
      else this.#note(delivery, runs, answer.items, isAlone)
      return
    }
    const isTooMuch = failure.fate === 'halve' || failure.isCut || (failure.isTooMany && isAlone)
    const halves = isTooMuch ? halve(runs) : null
    for (const half of halves ?? []) await this.#send(delivery, half)
    if (halves === null) this.#fails(delivery, runs, failure, isTooMuch && countOf(runs) === 1)
  }

  #fails(delivery: Delivery, runs: Run[], failure: Failure, isToBlame: boolean): void {
    const { fate, reason } = failure
    if (fate === 'cluster blocked') this.#stopped = { reason, until: Date.now() + STOP_MILLIS }
    const [only] = runs
    if (isToBlame && only !== undefined && this.#isDead(delivery, only, failure)) {
      delivery.outcomes[only.batch]?.exceptions.push([only.first, 'dead', reason])
    } else {
      delivery.trouble = reason
      delivery.failed.push({ runs, reason })
    }
  }

  /** A lone event was refused. Too large stays too large; what made a request unreadable did so when others were taken. */
  #isDead({ takenBefore }: Delivery, only: Run, { status, fate }: Failure): boolean {
    if (status === 413) return true
    if (fate === 'halve') return this.#bulk.taken > takenBefore
    return actionsOf(only).some((action) => this.#attempts.fails(action, only.body.byteLength))
  }

  #allTaken({ outcomes }: Delivery, runs: readonly Run[]): void {
    for (const run of runs) {
      const outcome = outcomes[run.batch]
      if (outcome !== undefined) outcome.done += run.count
      if (this.#holds.isEmpty && this.#attempts.isEmpty) continue
      for (const action of actionsOf(run)) this.#taken(action)
    }
  }

  #note(delivery: Delivery, runs: readonly Run[], items: readonly Item[], isAlone: boolean): void {
    let at = 0
    for (const run of runs) {
      const outcome = delivery.outcomes[run.batch]
      for (const [i, action] of actionsOf(run).entries()) {
        const item = items[at++]
        if (outcome === undefined || item === undefined) continue
        const fate = this.#fateOf(item, action, isAlone && items.length === 1 ? run.body.byteLength : 0)
        if (fate === 'done' || fate === 'duplicate') {
          outcome[fate]++
          continue
        }
        const reason = reasonOf(item)
        outcome.exceptions.push([run.first + i, fate, reason])
        if (fate === 'retry') delivery.trouble = reason
      }
    }
  }

  /** @param alone bytes of the event if it was all that was sent, otherwise 0 */
  #fateOf(item: Item, action: string, alone: number): 'done' | 'duplicate' | Verdict {
    const fate = fateOf(item.status, item.type, item.failureStore)
    switch (fate) {
      case 'done':
      case 'duplicate':
      case 'dead':
        this.#taken(action)
        return fate
      case 'index blocked':
        this.#hold(indexOf(action), reasonOf(item))
        return 'blocked'
      case 'cluster blocked':
        this.#stopped = { reason: reasonOf(item), until: Date.now() + STOP_MILLIS }
        return 'retry'
      case 'retry':
        return item.status === 429 && alone > 0 && this.#attempts.fails(action, alone) ? 'dead' : 'retry'
    }
  }

  #taken(action: string): void {
    this.#attempts.forget(action)
    if (this.#holds.isEmpty) return
    const index = indexOf(action)
    if (this.#holds.remove(index)) this.#options.onHappening?.({ kind: 'freed', index })
  }

  #hold(index: string, reason: string): void {
    if (this.#holds.add(index, reason, Date.now())) this.#options.onHappening?.({ kind: 'held', index, reason })
  }
}

function actionsOf({ body }: Run): string[] {
  return Array.from(eventsOf(body), (place) => actionOf(body, place))
}

function reasonOf({ status, type, reason, failureStore }: Item): string {
  if (failureStore === 'used') return 'refused, and kept in the failure store of its data stream'
  return shown(type === undefined ? `answer ${status}` : `${type}: ${reason ?? ''}`)
}

import type { Batch, Outcome } from '../buffer/buffer.ts'
import type { DeadLetter } from './dead/letter.ts'

/** How batches are put together for one call of `deliver`. */
export interface Grouping {
  /** Most batches. */
  batches: number
  /** Most bytes of bodies; a batch that is larger goes alone. */
  bytes: number
  /** How long a call waits for more batches, ms. */
  millis: number
  /** Calls that may be under way at a time. */
  concurrency: number
}

/** Where events end: Elasticsearch, the local store. */
export interface Output {
  /** What differs from a call at a time, with what came within half a second. */
  readonly grouping?: Partial<Grouping>
  /** Why some events wait while others go out, for people; null when none do. */
  readonly trouble?: string | null
  /**
   * Delivers whole batches and tells, for each in the same order, what became of its events. Delivering the same
   * batch again must not make its events appear twice (they are `duplicate` then). A batch of which nothing could be
   * settled comes again after a while; one of which some could, at once and without these. Rejects only when nothing
   * of all of it may be settled: the engine then tries all of it again with back-off, nothing else meanwhile, and shows
   * the error's message as the reason. Bodies that settled are freed: nothing may read one after `deliver` has resolved,
   * not even the system for a request that was given up.
   * @param signal aborts when a stop waits no longer: reject then
   */
  deliver(batches: Batch[], signal?: AbortSignal): Promise<Outcome[]>
  /** Dead letters of this output that are safe on disk, to be shown elsewhere too. Best effort: throws and waits for nothing. */
  showDead?(letters: readonly DeadLetter[]): void
  /** SIGHUP: files that logrotate moved are left. */
  reopen?(): Promise<void>
  close(): Promise<void>
}

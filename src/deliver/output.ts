import type { Batch, Outcome } from '../buffer/buffer.ts'
import type { DeadLetter } from './dead/letter.ts'

/** Where events end: Elasticsearch, the local store. */
export interface Output {
  /**
   * Delivers whole batches and tells, for each in the same order, what became of its events. Delivering the same
   * batch again must not make its events appear twice (they are `duplicate` then). Rejects only when nothing of it
   * may be settled: the engine then retries all of it with back-off, and shows the error's message as the reason.
   */
  deliver(batches: Batch[]): Promise<Outcome[]>
  /** Dead letters of this output that are safe on disk, to be shown elsewhere too. Best effort: throws and waits for nothing. */
  showDead?(letters: readonly DeadLetter[]): void
  close(): Promise<void>
}

import type { Batch, Outcome } from '../buffer/buffer.ts'

/** Where events end: Elasticsearch, the local store. */
export interface Output {
  /**
   * Delivers whole batches and tells, for each in the same order, what became of its events. Delivering the same
   * batch again must not make its events appear twice (they are `duplicate` then). Rejects only when nothing of it
   * may be settled: the engine then retries all of it with back-off, and shows the error's message as the reason.
   */
  deliver(batches: Batch[]): Promise<Outcome[]>
  close(): Promise<void>
}

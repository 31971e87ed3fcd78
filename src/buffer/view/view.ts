import type { Batch, Depth } from '../buffer.ts'

/** A batch that waits, as the `buffer` commands see it. Looking at it takes nobody's lease. */
export interface Waiting {
  /** For people: 'batch 0123456789abcdef-7 of 5 events', or what else is known of it. */
  what: string
  /** Undefined: it can't be read. */
  batch: Batch | undefined
  /** It is safe elsewhere: removes it here, unsettled. False: it was gone, or is being delivered at this moment. */
  takeOut(): Promise<boolean>
  /** Puts what can't be read out of the way of the others; resolves with where its bytes are. */
  setAside(): Promise<string>
}

/** One place where batches wait: a Redis, a directory on disk. Failover and mirror are several of them. */
export interface BufferView {
  name: string
  /** Why this buffer can only be looked at; absent: it can be changed. */
  remark?: string
  outputs(): Promise<string[]>
  depth(output: string): Promise<Depth>
  /** Further lines about an output: who takes from it, copies, what was set aside. */
  notes(output: string): Promise<string[]>
  /** All that waits, in its order. */
  waiting(output: string): AsyncIterable<Waiting>
  /** Copies that stand here of what waits elsewhere, mirror mode. */
  copies?(output: string): AsyncIterable<Waiting>
  /** Resolves when the batch is safe here. Rejects with UserError when this buffer can't be written to. */
  put(batch: Batch): Promise<void>
  close(): Promise<void>
}

export function describe({ stream, number, count }: { stream: string; number: number; count: number }): string {
  return `batch ${stream}-${number} of ${count} events`
}

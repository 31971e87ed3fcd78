/** The keys of one output in Redis. The braces keep them in one slot. */
export interface Keys {
  /** Stream, one entry a batch: `k` key line, `b` blob (entry.ts). */
  batches: string
  /** Hash: batches, events, bytes, stored (bytes in Redis), full. */
  counts: string
  /** Hash: what settling left to be tried again, in place of the entry with that id. */
  rests: string
  /** Stream of entries that could not be read. */
  damaged: string
  /** Hash, mirror mode: copies of batches that stand in the other Redis, by 'stream number'. */
  copies: string
  /** Sorted set: from when on each copy may be taken over, ms. */
  copiesDue: string
  /** Hash: batches, events, bytes, stored of the copies. */
  copiesCounts: string
  /** Hash: marks by 'stream number part' that this shipper has settled and not yet taken over into its ledger. */
  marks(shipper: string): string
  /** Hash: batches, events and last number that were appended of a stream, n<number> -> events of the newest, p<number> -> their positions. */
  appended(stream: string): string
  /** Bitmap of the numbers of a stream that are settled. */
  settled(stream: string): string
  /** Bitmap of the numbers of a stream that were moved elsewhere by command. */
  moved(stream: string): string
  /** Hash: number -> part that is due, of numbers whose rest still waits. */
  open(stream: string): string
}

/** The consumer group of all shippers of an output. */
export const GROUP = 'sluice'

/** Set of all outputs that ever had a batch in this Redis. */
export const OUTPUTS = 'sluice:outputs'

/** Seconds that a stream is remembered after its last batch: longer than any batch waits. */
export const REMEMBERED = 60 * 24 * 3600

export function keysOf(output: string): Keys {
  const base = `sluice:{${output}}`
  return {
    batches: `${base}:batches`,
    counts: `${base}:counts`,
    rests: `${base}:rests`,
    damaged: `${base}:damaged`,
    copies: `${base}:copies`,
    copiesDue: `${base}:copies:due`,
    copiesCounts: `${base}:copies:counts`,
    marks: (shipper) => `${base}:marks:${shipper}`,
    appended: (stream) => `${base}:appended:${stream}`,
    settled: (stream) => `${base}:settled:${stream}`,
    moved: (stream) => `${base}:moved:${stream}`,
    open: (stream) => `${base}:open:${stream}`,
  }
}

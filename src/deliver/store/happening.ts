/** What the store tells its owner, for the log and the counters. */
export type Happening =
  /** A file could not be read and was renamed; `events` where the number is known. */
  | { kind: 'damaged'; path: string; aside: string; reason: string; events?: number | undefined }
  /** A registered part is gone from the disk. */
  | { kind: 'missing'; path: string; events: number }
  /** Events dropped on purpose by retention. */
  | { kind: 'expired'; day: string; events: number; bytes: number; rule: 'days' | 'size' }
  | { kind: 'sealed'; path: string; day: string; events: number; bytes: number }
  /** Upkeep failed and will be tried again. */
  | { kind: 'failed'; what: string; reason: string }

export type Report = (happening: Happening) => void

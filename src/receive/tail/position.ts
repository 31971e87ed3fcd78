import { createHash } from 'node:crypto'
import { z } from 'zod'

/** How much of a file's beginning tells it from another one with the same inode number. */
export const HEAD_BYTES = 1024

/** How far a stream was read: the state after one line. Durable together with the batch that holds the line. */
export interface TailPosition {
  stream: string
  /** Bytes up to and including the line's end. */
  offset: number
  /** Lines of the stream so far = the sequence number in the line's id. */
  lines: number
  /** As decimal text: both can be larger than a double holds exactly. */
  dev: string
  inode: string
  /** `<n>:<hash of the first n bytes>`, n <= 1024; n grows as long as the file is shorter. */
  fingerprint: string
}

/** A stream, how far it was read, and in which file. */
export interface Known {
  stream: string
  path: string
  /** `<dev>:<inode>`; empty when its file is no more. */
  id: string
  fingerprint: string
  offset: number
  lines: number
}

const position = z.object({
  stream: z.string(),
  offset: z.int().min(0),
  lines: z.int().min(0),
  dev: z.string(),
  inode: z.string(),
  fingerprint: z.string(),
})

/** A position out of the buffer; null for anything else. */
export function positionOf(value: unknown): TailPosition | null {
  const { data } = position.safeParse(value)
  return data ?? null
}

export function fingerprintOf(head: Uint8Array): string {
  return `${head.length}:${createHash('sha256').update(head).digest('hex').slice(0, 16)}`
}

/** True when a file that begins with `head` can be the one with this fingerprint, grown longer. */
export function matches(fingerprint: string, head: Uint8Array): boolean {
  const length = Number.parseInt(fingerprint, 10)
  return length <= head.length && fingerprintOf(head.subarray(0, length)) === fingerprint
}

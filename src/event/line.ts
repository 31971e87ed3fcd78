import type { Enrichment } from '../dataset/enrichment.ts'
import type { Header } from '../syslog/header.ts'

/** All that composing needs to know of one line; one object per lane, filled again for each line. */
export interface Line {
  bytes: Uint8Array
  /** The datagram or frame as received, PRI included; ends at `header.lineEnd`. */
  start: number
  header: Header
  /** The event's time, ms since the epoch: the header's, or reception when it has none. */
  time: number
  receivedAt: number
  source: Source
  /** What its dataset made of the text; null: no dataset concerns it. */
  enrichment: Enrichment | null
  /** The archive file that the route chose, as JSON string bytes with quotes; null when not archived. */
  path: Uint8Array | null
  /** Names of the routes, as the bytes of a JSON array. */
  routes: Uint8Array
}

/**
 * One (sender, host, program, PRI) that lines come from. Lines of one source share most of their event, so that part
 * is composed once per source and shape.
 */
export interface Source {
  host: string
  /** Empty when the line names none. */
  program: string
  sender: string
  priority: number
  /** Pieces of the event, made by the shape when first needed. */
  pieces: readonly Uint8Array[] | null
}

/** One form of event: how a line becomes the bytes of a JSON document. */
export interface Shape {
  /** Writes the document, without a line end, and returns the offset after it. */
  compose(out: Uint8Array, at: number, line: Line): number
}

/** Room that a document can take beside its line's and its enrichment's bytes: names, times, structured data's punctuation. */
export const DOCUMENT_OVERHEAD = 4096

/**
 * Bytes that a byte of the line can become at most: 6 in each of the original and the message, and once more in
 * what the header names (host, program, structured data).
 */
export const ESCAPED_COPIES = 24

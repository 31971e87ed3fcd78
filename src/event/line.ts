import type { Enrichment } from '../dataset/enrichment.ts'
import type { Header } from '../syslog/header.ts'
import type { Memory } from './memory.ts'
import type { Piece } from './piece.ts'

/** All that composing needs to know of one line; one object per lane, filled again for each line. */
export interface Line {
  memory: Memory
  /** The datagram or frame as received, PRI included; ends at `header.lineEnd`. */
  start: number
  header: Header
  /** The event's time, ms since the epoch: the header's, or reception when it has none. */
  time: number
  receivedAt: number
  kind: Kind
  /** What its dataset made of the text; null: no dataset concerns it. */
  enrichment: Enrichment | null
  /** The archive file that the route chose, as a JSON string; null when not archived. */
  path: Piece | null
}

/** One (sender, host, program, PRI) that lines come from. */
export interface Source {
  host: string
  /** Empty when the line names none. */
  program: string
  sender: string
  priority: number
}

/** Lines of one source that the same routes took: they share most of their event, so that part is composed once. */
export interface Kind {
  source: Source
  /** Names of the routes, in JSON: a string, or an array of several. */
  routes: string
  /** Pieces of the event, made by the shape when first needed. */
  pieces: readonly Piece[] | null
}

/** One form of event: how a line becomes the bytes of a JSON document. */
export interface Shape {
  /** Writes the document, without a line end, and returns the offset after it. */
  compose(out: DataView, at: number, line: Line): number
}

/** Room that a document can take beside its line's and its enrichment's bytes: names, times, structured data's punctuation. */
export const DOCUMENT_OVERHEAD = 4096

/**
 * Bytes that a byte of the line can become at most: 6 in each of the original and the message, and once more in
 * what the header names (host, program, structured data).
 */
export const ESCAPED_COPIES = 24

/**
 * What a dataset made of one line's text, ready to be joined into the event. Members are JSON text, each with a comma
 * in front (`,"ip":"192.0.2.7","port":514`), sorted by the object of the event that they belong to, so that composing
 * only joins them.
 */
export interface Enrichment {
  /** `event.dataset`, such as `haproxy.http`: of the pattern that matched, or of the dataset that was tried. */
  dataset: string
  /** The level that the text states, as a name of SEVERITY_NAMES; it outranks the PRI's. Null: it states none. */
  level: string | null
  /** The time that the text states, ms since the epoch; NaN: none, or not better than the header's. */
  time: number
  /** Further `tags`, such as `_grokparsefailure`. */
  tags: readonly string[]
  /** Members of objects that every event has. */
  event: string
  host: string
  process: string
  log: string
  /** Members of the event itself: `,"source":{…},"http":{…},"haproxy":{…}`. */
  rest: string
}

/** What the enricher may ask of a line. Texts are made only when they are asked for. */
export interface EnrichInput {
  program: string
  host: string
  /** Names of the routes that took it. */
  routes: readonly string[]
  facility: number
  severity: number
  /** ms since the epoch: reception, for times in the text that state no year. */
  receivedAt: number
  /** The text after the header, at most 8 KiB of it. */
  message(): string
}

/** The datasets that lines of one source and one decision may belong to; remembered by the lane. */
export interface Enricher {
  /** Null: no dataset concerns the line. */
  enrich(input: EnrichInput): Enrichment | null
}

/**
 * What the header scanners know of one line, as offsets into the bytes that were received: nothing is copied and
 * nothing is allocated per line. One Header is made per lane and filled again for each line.
 *
 * Every `…Start`/`…End` pair is a half-open byte range; `start === -1` means that the field is absent.
 */
export class Header {
  /** 0..191; 13 (user.notice) when the PRI is missing or invalid, and `flags` then says so. */
  priority = 13
  /** The message's own time in ms since the epoch (UTC), or NaN when it has none that can be trusted. */
  time = Number.NaN
  /** The time as written, whatever its form. Absent with `timestamp_missing`. */
  stampStart = -1
  stampEnd = -1
  hostStart = -1
  hostEnd = -1
  programStart = -1
  programEnd = -1
  /** The text between the brackets; not always a number. */
  pidStart = -1
  pidEnd = -1
  /** RFC 5424 only: VERSION (0 for RFC 3164), MSGID, and STRUCTURED-DATA with its brackets. */
  version = 0
  msgidStart = -1
  msgidEnd = -1
  structuredStart = -1
  structuredEnd = -1
  /** The line without PRI (and without octet count, BOM and trailing NUL/CR/LF): what the archive writes. */
  lineStart = 0
  lineEnd = 0
  /** The text after the header, exactly one blank after the tag dropped. Always ends at `lineEnd`. */
  messageStart = 0
  /** RFC 3164 only: where the text after the tag's colon begins, the blank kept (`@message` of the logstash shape). */
  afterTagStart = 0
  /** Set of FLAG_…, see FLAG_NAMES. */
  flags = 0

  /** The same line with its bytes at another place. */
  moveBy(distance: number): void {
    this.lineStart += distance
    this.lineEnd += distance
    this.messageStart += distance
    this.afterTagStart += distance
    if (this.stampStart >= 0) {
      this.stampStart += distance
      this.stampEnd += distance
    }
    if (this.hostStart >= 0) {
      this.hostStart += distance
      this.hostEnd += distance
    }
    if (this.programStart >= 0) {
      this.programStart += distance
      this.programEnd += distance
    }
    if (this.pidStart >= 0) {
      this.pidStart += distance
      this.pidEnd += distance
    }
    if (this.msgidStart >= 0) {
      this.msgidStart += distance
      this.msgidEnd += distance
    }
    if (this.structuredStart >= 0) {
      this.structuredStart += distance
      this.structuredEnd += distance
    }
  }
}

export const FLAG_PRI_MISSING = 1 << 0
export const FLAG_PRI_INVALID = 1 << 1
export const FLAG_TIMESTAMP_MISSING = 1 << 2
export const FLAG_TIMESTAMP_INVALID = 1 << 3
export const FLAG_NO_PROGRAM = 1 << 4
/** The header names no host: the event's host is the sender's address. */
export const FLAG_HOST_FROM_SENDER = 1 << 5
export const FLAG_EMPTY = 1 << 6
/** A Cisco sequence number, clock mark or origin id stood before the time. */
export const FLAG_CISCO = 1 << 7
/** Set while composing: bytes that are not UTF-8 were replaced by U+FFFD. */
export const FLAG_NOT_UTF8 = 1 << 8
/** Set while composing: a NUL inside the text was replaced. */
export const FLAG_NUL_ESCAPED = 1 << 9
/** Set on reception: longer than the input's limit, cut there. */
export const FLAG_TRUNCATED = 1 << 10
/** Set by the lane: too far from reception, so that the index is that of the day of reception. */
export const FLAG_DATE_OUT_OF_RANGE = 1 << 11
/** RFC 5424 was announced, but its structured data is malformed: it stays in the message. */
export const FLAG_STRUCTURED_DATA_INVALID = 1 << 12
/** Set by the lane: a pattern took too long over the line, or was not tried since it did before. */
export const FLAG_PATTERN_TIMEOUT = 1 << 13

/** The names that events carry in `sluice.flags`; index = bit number. */
export const FLAG_NAMES = [
  'pri_missing',
  'pri_invalid',
  'timestamp_missing',
  'timestamp_invalid',
  'no_program',
  'host_from_sender',
  'empty',
  'cisco',
  'not_utf8',
  'nul_escaped',
  'truncated',
  'date_out_of_range',
  'structured_data_invalid',
  'pattern_timeout',
] as const

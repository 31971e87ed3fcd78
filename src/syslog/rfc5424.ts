import { bomAt, CLASS, DIGIT, MINUS, SPACE, skipBlanks, wordEnd, ZERO } from './chars.ts'
import { setTime } from './clock.ts'
import {
  FLAG_NO_PROGRAM,
  FLAG_STRUCTURED_DATA_INVALID,
  FLAG_TIMESTAMP_INVALID,
  FLAG_TIMESTAMP_MISSING,
  type Header,
} from './header.ts'
import { Stamp, scanIso } from './stamp.ts'
import { structuredDataEnd } from './structured-data.ts'
import { MAX_WORD } from './tag.ts'
import type { Zone } from './zone.ts'

const stamp = new Stamp()

/**
 * Where the time begins, if VERSION and a blank stand at `p` and then a year and a minus sign, or the `-` for no time;
 * otherwise -1. Nothing in RFC 3164 looks like that, so no setting is needed to tell the two.
 */
export function afterVersion(bytes: Uint8Array, start: number, end: number): number {
  let p = start
  while (p < end && p - start < 3 && (CLASS[bytes[p]] & DIGIT) !== 0) p++
  if (p === start || end - p < 2 || bytes[p] !== SPACE) return -1
  const q = p + 1
  if (bytes[q] === MINUS) return q + 1 === end || bytes[q + 1] === SPACE ? q : -1
  if (end - q < 5 || bytes[q + 4] !== MINUS) return -1
  for (let r = q; r < q + 4; r++) if ((CLASS[bytes[r]] & DIGIT) === 0) return -1
  return q
}

/**
 * RFC 5424 section 6 from the VERSION at `start` on; `time` is what `afterVersion` gave. A line that ends early has
 * the fields that it has; a time that cannot be read is one word.
 */
export function scanRfc5424(
  header: Header,
  bytes: Uint8Array,
  start: number,
  time: number,
  end: number,
  receivedAt: number,
  zone: Zone,
): void {
  header.version = 0
  for (let p = start; p < time - 1; p++) header.version = header.version * 10 + bytes[p] - ZERO

  let p = scanTime(header, bytes, time, end, receivedAt, zone)
  let word = skipBlanks(bytes, p, end)
  p = wordEnd(bytes, word, end)
  if (isNamed(bytes, word, p)) {
    header.hostStart = word
    header.hostEnd = Math.min(p, word + MAX_WORD)
  }
  word = skipBlanks(bytes, p, end)
  p = wordEnd(bytes, word, end)
  if (isNamed(bytes, word, p)) {
    header.programStart = word
    header.programEnd = Math.min(p, word + MAX_WORD)
  } else header.flags |= FLAG_NO_PROGRAM
  word = skipBlanks(bytes, p, end)
  p = wordEnd(bytes, word, end)
  if (isNamed(bytes, word, p)) {
    header.pidStart = word
    header.pidEnd = p
  }
  word = skipBlanks(bytes, p, end)
  p = wordEnd(bytes, word, end)
  if (isNamed(bytes, word, p)) {
    header.msgidStart = word
    header.msgidEnd = p
  }
  setText(header, bytes, scanStructured(header, bytes, skipBlanks(bytes, p, end), end), end)
}

function scanTime(header: Header, bytes: Uint8Array, p: number, end: number, receivedAt: number, zone: Zone): number {
  if (bytes[p] === MINUS) {
    header.flags |= FLAG_TIMESTAMP_MISSING
    return p + 1
  }
  let q = scanIso(stamp, bytes, p, end)
  if (q >= 0 && (q === end || bytes[q] <= SPACE)) setTime(header, stamp, receivedAt, zone)
  else {
    q = wordEnd(bytes, p, end)
    header.flags |= FLAG_TIMESTAMP_INVALID
  }
  header.stampStart = p
  header.stampEnd = q
  return q
}

/** Returns where the structured data ends, or where it begins if it is malformed and so part of the text. */
function scanStructured(header: Header, bytes: Uint8Array, p: number, end: number): number {
  if (p === end) return p
  if (bytes[p] === MINUS && (p + 1 === end || bytes[p + 1] <= SPACE)) return p + 1
  const q = structuredDataEnd(bytes, p, end)
  if (q < 0 || (q < end && bytes[q] > SPACE)) {
    header.flags |= FLAG_STRUCTURED_DATA_INVALID
    return p
  }
  header.structuredStart = p
  header.structuredEnd = q
  return q
}

/**
 * One blank parts structured data and text. A second one is what rsyslog's forward template leaves of the blank after
 * an RFC 3164 tag; it goes as well, so that a line has the same text in every format.
 */
function setText(header: Header, bytes: Uint8Array, p: number, end: number): void {
  const q = p < end && bytes[p] === SPACE ? p + 1 : p
  header.afterTagStart = q
  const r = q > p && q < end && bytes[q] === SPACE ? q + 1 : q
  header.messageStart = r + bomAt(bytes, r, end)
}

/** NILVALUE is no name. */
function isNamed(bytes: Uint8Array, start: number, end: number): boolean {
  return end > start && !(end - start === 1 && bytes[start] === MINUS)
}

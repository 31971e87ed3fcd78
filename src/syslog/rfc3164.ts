import { isIpv6 } from './address.ts'
import {
  ALNUM,
  BLANK,
  BRACE,
  bomAt,
  CLASS,
  CLOSE,
  COLON,
  DIGIT,
  MINUS,
  NOT_HOST,
  OPEN,
  SPACE,
  skipBlanks,
  WORD,
  wordEnd,
} from './chars.ts'
import { originIdEnd, skipCiscoPrefix, uptimeEnd } from './cisco.ts'
import { setTime } from './clock.ts'
import { FLAG_CISCO, FLAG_NO_PROGRAM, FLAG_TIMESTAMP_MISSING, type Header } from './header.ts'
import { KnownStamps } from './known-stamps.ts'
import { Stamp, scanStamp } from './stamp.ts'
import { isMnemonic, MAX_WORD, scanTag, textStart } from './tag.ts'
import type { Zone } from './zone.ts'

const stamp = new Stamp()
const known = new KnownStamps()

/**
 * RFC 3164 as devices send it, from behind the PRI: time, host, tag, text, each of which may be missing. Every byte is
 * looked at a bounded number of times, whatever the line.
 *
 * @param whole where the text begins if there is no header at all (blanks before `start` are then part of it)
 */
export function scanRfc3164(
  header: Header,
  bytes: Uint8Array,
  start: number,
  whole: number,
  end: number,
  receivedAt: number,
  zone: Zone,
  tagWithoutColon: boolean,
): void {
  let p = known.find(header, bytes, start, end, receivedAt, zone)
  if (p >= 0) p = skipBlanks(bytes, p, end)
  else {
    p = scanTime(header, bytes, start, whole, end, receivedAt, zone)
    if (p < 0) return
  }

  let text = p
  if (header.hostStart < 0 && startsWith(bytes, p, end, FORWARDED)) {
    const origin = p + FORWARDED.length
    const colon = originIdEnd(bytes, origin, end)
    if (colon >= 0) {
      setHost(header, bytes, origin, colon)
      text = p = skipBlanks(bytes, colon + 1, end)
    }
  }
  if (header.hostStart < 0 && !((header.flags & FLAG_CISCO) !== 0 && stamp.colon)) {
    const host = hostEnd(bytes, p, end)
    if (host >= 0) {
      setHost(header, bytes, p, host)
      p = skipBlanks(bytes, host, end)
      text = Math.min(host + 1, end)
    }
  }
  if (p < end && bytes[p] === COLON && (p + 1 === end || (CLASS[bytes[p + 1]] & BLANK) !== 0)) {
    p = skipBlanks(bytes, p + 1, end) // `fw1 : %ASA-6-302013: text`
    text = p
  }
  if (scanProgram(header, bytes, p, end) || (tagWithoutColon && scanBareTag(header, bytes, p, end))) return
  // JSON may be indented; of other text only one blank goes.
  setText(header, bytes, p < end && (bytes[p] === BRACE || bytes[p] === OPEN) ? p : text, end)
  if (header.messageStart < end) header.flags |= FLAG_NO_PROGRAM
}

/** Returns the offset of what follows the time; -1 when there is none, and all of the line was read. */
function scanTime(
  header: Header,
  bytes: Uint8Array,
  start: number,
  whole: number,
  end: number,
  receivedAt: number,
  zone: Zone,
): number {
  let p = scanStamp(stamp, bytes, start, end)
  if (p < 0) {
    const after = skipCiscoPrefix(header, stamp, bytes, start, end)
    if (after < 0) {
      scanWithoutTime(header, bytes, start, whole, end)
      return -1
    }
    p = stamp.next
    if (p < 0) {
      scanUptime(header, bytes, after, end)
      return -1
    }
  }
  p = skipBlanks(bytes, p, end)
  if (stamp.iso && (header.flags & FLAG_CISCO) === 0 && isLogLine(bytes, p, end)) {
    scanWithoutTime(header, bytes, start, whole, end)
    return -1
  }
  header.stampStart = stamp.start
  header.stampEnd = stamp.end
  setTime(header, stamp, receivedAt, zone)
  if ((header.flags & FLAG_CISCO) === 0 && !Number.isNaN(header.time)) known.add(header, bytes, receivedAt, zone)
  return p
}

/**
 * Without a time, words are a header only if the first of them is surely a tag; otherwise all of it is text, blanks
 * included, from `text` on.
 */
function scanWithoutTime(header: Header, bytes: Uint8Array, p: number, text: number, end: number): void {
  header.flags |= FLAG_TIMESTAMP_MISSING
  if (scanTag(header, bytes, p, end, true) < 0) setText(header, bytes, text, end)
}

/** Cisco's uptime is no time of day. It is only left out where a mnemonic follows, that is, where it is surely one. */
function scanUptime(header: Header, bytes: Uint8Array, p: number, end: number): void {
  header.flags |= FLAG_TIMESTAMP_MISSING
  const colon = uptimeEnd(bytes, p, end)
  const body = colon < 0 ? p : skipBlanks(bytes, colon + 1, end)
  if (!isMnemonic(bytes, body, end) || scanTag(header, bytes, body, end, false) < 0) setText(header, bytes, p, end)
}

/** The tag; and where it is followed by a mnemonic, that is the tag, and the word before it is the host (ASA). */
function scanProgram(header: Header, bytes: Uint8Array, p: number, end: number): boolean {
  const found = scanTag(header, bytes, p, end, false)
  if (found < 0) return false
  const { programStart, programEnd } = header
  if (header.hostStart >= 0 || header.pidStart >= 0 || !isMnemonic(bytes, found, end)) return true
  if (scanTag(header, bytes, found, end, false) < 0) return true
  // In Cisco's own form the host stands before the time, and this is a zone word that only its owner knows.
  const zone = (header.flags & FLAG_CISCO) !== 0 && programEnd - programStart <= 5
  if (!zone) setHost(header, bytes, programStart, programEnd)
  return true
}

function scanBareTag(header: Header, bytes: Uint8Array, p: number, end: number): boolean {
  const q = plainWordEnd(bytes, p, end)
  if (q <= p) return false
  header.programStart = p
  header.programEnd = q
  header.afterTagStart = q
  header.messageStart = textStart(bytes, q, end)
  return true
}

function setText(header: Header, bytes: Uint8Array, p: number, end: number): void {
  header.messageStart = p + bomAt(bytes, p, end)
  header.afterTagStart = header.messageStart
}

function setHost(header: Header, bytes: Uint8Array, start: number, end: number): void {
  if (end - start === 1 && bytes[start] === MINUS) return
  const brackets = bytes[start] === OPEN ? 1 : 0
  header.hostStart = start + brackets
  header.hostEnd = end - brackets
}

/** Where the host that begins at `p` ends; -1 when the word is a tag or text. `-` is a host that is not named. */
function hostEnd(bytes: Uint8Array, p: number, end: number): number {
  const q = plainWordEnd(bytes, p, end)
  if (q >= 0) return startsWith(bytes, p, end, REPEAT) ? -1 : q
  if (p === end) return -1
  const r = wordEnd(bytes, p, Math.min(end, p + MAX_WORD))
  if (r < end && bytes[r] > SPACE) return -1
  if (r - p === 1 && bytes[p] === MINUS) return r
  const brackets = bytes[p] === OPEN && bytes[r - 1] === CLOSE ? 1 : 0
  return isIpv6(bytes, p + brackets, r - brackets) ? r : -1
}

/** The end of a word that can be a host or a bare tag: bounded, with a letter or digit, without punctuation of text. */
function plainWordEnd(bytes: Uint8Array, p: number, end: number): number {
  const limit = Math.min(end, p + MAX_WORD + 1)
  let seen = 0
  let q = p
  for (; q < limit; q++) {
    const kind = CLASS[bytes[q]]
    if ((kind & WORD) === 0) break
    seen |= kind
  }
  if ((seen & (ALNUM | NOT_HOST)) !== ALNUM || q - p > MAX_WORD) return -1
  return q === end || bytes[q] <= SPACE ? q : -1
}

/** AIX puts this and the host, with a colon, before the tag of what it relays. */
const FORWARDED = Buffer.from('Message forwarded from ')

/** A syslogd that sends no host name (OpenBSD) begins so after the time. */
const REPEAT = Buffer.from('last message repeated ')

function startsWith(bytes: Uint8Array, p: number, end: number, text: Uint8Array): boolean {
  if (end - p < text.length || bytes[p] !== text[0]) return false
  for (let i = 1; i < text.length; i++) if (bytes[p + i] !== text[i]) return false
  return true
}

const LEVELS = ['DEBUG', 'INFO', 'NOTICE', 'WARN', 'WARNING', 'ERROR', 'CRITICAL', 'FATAL', 'TRACE', 'AUDIT'].map(
  (level) => Buffer.from(level),
)

/** A program's own log format after an ISO time: `1234 INFO nova.compute`, `INFO nova.compute`. No header at all. */
function isLogLine(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start
  while (p < end && (CLASS[bytes[p]] & DIGIT) !== 0) p++
  if (p > start) {
    if (p === end || bytes[p] !== SPACE) return false
    p = skipBlanks(bytes, p, end)
  }
  for (let i = 0; i < LEVELS.length; i++) {
    const after = p + LEVELS[i].length
    if (startsWith(bytes, p, end, LEVELS[i]) && (after === end || bytes[after] === SPACE)) return true
  }
  return false
}

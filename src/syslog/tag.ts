import { isIpv6 } from './address.ts'
import {
  ALNUM,
  BACKSLASH,
  BLANK,
  bomAt,
  CLASS,
  CLOSE,
  COLON,
  DIGIT,
  EQUALS,
  MINUS,
  OPEN,
  PERCENT,
  QUOTE,
  SLASH,
  SPACE,
  WORD,
  wordEnd,
} from './chars.ts'
import type { Header } from './header.ts'

/** Longer words are neither programs, pids nor hosts, but text (RFC 5424 allows 48, 128 and 255). */
export const MAX_WORD = 255

/**
 * The tag that begins at `p`: `app:`, `app[pid]:`, or `app[pid]` and a blank. Fills program, pid, messageStart and
 * afterTagStart and returns messageStart, or returns -1 and changes nothing.
 *
 * A colon inside of a word ends the tag too (`tag:text`, as rsyslog and syslog-ng read it), but not one before a digit
 * (`CEF:0|`, `10:20:30`), a slash (`http://`), a quote or an equals sign, and not in an IPv6 address; `::` is part of
 * the name (`Mail::SpamAssassin:`).
 *
 * @param whole the colon has to be the last byte of the word: nothing else says that there is a header
 */
export function scanTag(header: Header, bytes: Uint8Array, p: number, end: number, whole: boolean): number {
  const limit = Math.min(end, p + MAX_WORD + 1)
  let seen = 0
  let q = p
  for (;;) {
    for (; q < limit; q++) {
      const kind = CLASS[bytes[q]]
      if ((kind & WORD) === 0) break
      seen |= kind
    }
    if (q >= limit) return -1
    const c = bytes[q]
    if ((seen & ALNUM) === 0) {
      if (c !== COLON || q + 1 >= end || bytes[q + 1] !== COLON) return -1
      q += 2
      continue
    }
    if (c === EQUALS) {
      const close = bracketEnd(bytes, p, q, limit)
      if (close > 0) {
        q = close
        continue
      }
    }
    if (c === OPEN) return scanPid(header, bytes, p, q, end, whole)
    if (c !== COLON) return spacedColon(header, bytes, p, q, end)
    if (q + 1 === end || (CLASS[bytes[q + 1]] & BLANK) !== 0) break
    const next = bytes[q + 1]
    if (next === COLON) {
      q += 2
      continue
    }
    if (whole || (CLASS[next] & DIGIT) !== 0) return -1
    if (next === SLASH || next === BACKSLASH || next === QUOTE || next === EQUALS) return -1
    if (isIpv6(bytes, p, wordEnd(bytes, p, limit))) return -1
    break
  }
  return found(header, bytes, p, q, q + 1, end)
}

/** Where the round brackets close that hold `q`, as in `polkitd(authority=local):`; -1: there are none such. */
function bracketEnd(bytes: Uint8Array, p: number, q: number, limit: number): number {
  let open = q - 1
  while (open > p && bytes[open] !== OPEN_ROUND && bytes[open] !== CLOSE_ROUND) open--
  if (open <= p || bytes[open] !== OPEN_ROUND) return -1
  let close = q + 1
  while (close < limit && (CLASS[bytes[close]] & WORD) !== 0 && bytes[close] !== CLOSE_ROUND) close++
  return close < limit && bytes[close] === CLOSE_ROUND ? close : -1
}

const OPEN_ROUND = 0x28
const CLOSE_ROUND = 0x29

function scanPid(header: Header, bytes: Uint8Array, p: number, open: number, end: number, whole: boolean): number {
  const limit = Math.min(end, open + MAX_WORD + 2)
  let q = open + 1
  while (q < limit && bytes[q] > SPACE && bytes[q] !== CLOSE) q++
  if (q === limit || bytes[q] !== CLOSE) return -1
  const colon = q + 1 < end && bytes[q + 1] === COLON
  const ended = q + 1 === end || bytes[q + 1] <= SPACE
  if (!colon && (!ended || whole)) return -1
  if (whole && q + 2 < end && bytes[q + 2] > SPACE) return -1
  if (q > open + 1) {
    header.pidStart = open + 1
    header.pidEnd = q
  }
  return found(header, bytes, p, open, colon ? q + 2 : q + 1, end)
}

/** IOS XR writes a blank before the colon: `%PKT_INFRA-LINK-3-UPDOWN : text`. */
function spacedColon(header: Header, bytes: Uint8Array, p: number, q: number, end: number): number {
  if (bytes[p] !== PERCENT || end - q < 2 || bytes[q + 1] !== COLON || !isMnemonic(bytes, p, end)) return -1
  return found(header, bytes, p, q, q + 2, end)
}

function found(header: Header, bytes: Uint8Array, p: number, q: number, after: number, end: number): number {
  header.programStart = p
  header.programEnd = q
  header.afterTagStart = after
  header.messageStart = textStart(bytes, after, end)
  return header.messageStart
}

/** Exactly one blank, and then a byte order mark, are no part of the text. */
export function textStart(bytes: Uint8Array, p: number, end: number): number {
  const q = p < end && bytes[p] === SPACE ? p + 1 : p
  return q + bomAt(bytes, q, end)
}

/** Cisco's `%FACILITY-SEVERITY-MNEMONIC` (`%SYS-5-CONFIG_I`, `%PKT_INFRA-LINK-3-UPDOWN`, `%ASA-6-302013`). */
export function isMnemonic(bytes: Uint8Array, p: number, end: number): boolean {
  if (p >= end || bytes[p] !== PERCENT) return false
  const limit = Math.min(end, p + MAX_WORD)
  for (let q = p + 1; q < limit && (CLASS[bytes[q]] & WORD) !== 0; q++) {
    if (bytes[q] !== MINUS || q === p + 1) continue
    let r = q + 1
    while (r < limit && (CLASS[bytes[r]] & DIGIT) !== 0) r++
    if (r > q + 1 && r + 1 < limit && bytes[r] === MINUS && (CLASS[bytes[r + 1]] & WORD) !== 0) return true
  }
  return false
}

import { FLAG_NAMES, Header } from '../src/syslog/header.ts'
import { parseHeader, parseWhole } from '../src/syslog/parse.ts'
import { structuredData } from '../src/syslog/structured-data.ts'
import { zoneOf } from '../src/syslog/zone.ts'
import { type Case, corpus, rawBytes } from './header-cases.ts'

const SIZE = 2048
const ALL_FLAGS = (1 << FLAG_NAMES.length) - 1
/** What headers are made of: likelier to hit a branch than random bytes. */
const PIECES = [
  ...['<', '>', '<13>', '<191>', '<999>', '<>', ':', '::', ': ', ' ', '  ', '\t', '\0', '\n', '\r', '-', '- ', '--'],
  ...['[', ']', '[]', '[1]', '{', '"', '=', '\\', '%', '*', '.', ',', '/', '@', '+02:00', 'Z', ' UTC ', ' PM.1'],
  ...[
    'Oct 11 22:14:15',
    'Feb 29 24:60:61',
    '2026-10-11T22:14:15.123Z',
    '2026 Oct 11',
    '1 ',
    '1 - ',
    '123: ',
    '51w2d: ',
  ],
  ...['%SYS-5-CONFIG_I: ', '[a b="c"]', '\ufeff', '\u00fc', '2001:db8::1 ', '27 <13>', 'last message repeated '],
].map((piece) => Buffer.from(piece))

/** mulberry32: the same seed, the same datagrams. */
export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/**
 * Parses `count` datagrams, random ones and mutants of the corpus, each at the end of the buffer or inside of it, and
 * throws with the datagram in hex if an offset lies outside of it or out of order.
 */
export function fuzz(seed: number, count: number): void {
  const next = random(seed)
  const seeds = [...corpus<Case>('headers.jsonl'), ...corpus<Case>('wire.jsonl')].map(rawBytes)
  const zones = [zoneOf('UTC'), zoneOf('America/New_York'), zoneOf('local')]
  const buffer = new Uint8Array(SIZE)
  const header = new Header()
  for (let index = 0; index < count; index++) {
    const length = mutate(buffer, seeds[next(seeds.length)], next)
    const start = next(4) === 0 ? Math.min(next(8), length) : 0
    const receivedAt = Date.UTC(2000 + next(60), next(12), next(28), next(24))
    try {
      if (next(16) === 0) parseWhole(header, buffer, start, length)
      else parseHeader(header, buffer, start, length, receivedAt, zones[next(3)], next(8) === 0)
      check(header, start, length)
      if (header.structuredStart >= 0) structuredData(buffer, header.structuredStart, header.structuredEnd)
    } catch (error) {
      const hex = Buffer.from(buffer.subarray(start, length)).toString('hex')
      throw new Error(`seed ${seed}, datagram ${index}: ${hex}`, { cause: error })
    }
  }
}

/** `count` datagrams of the same kinds, one after the other in the same buffer. */
export function* mutants(seed: number, count: number): Generator<{ bytes: Uint8Array; length: number }> {
  const next = random(seed)
  const seeds = [...corpus<Case>('headers.jsonl'), ...corpus<Case>('wire.jsonl')].map(rawBytes)
  const bytes = new Uint8Array(SIZE)
  for (let index = 0; index < count; index++) yield { bytes, length: mutate(bytes, seeds[next(seeds.length)], next) }
}

function mutate(buffer: Uint8Array, from: Buffer, next: (below: number) => number): number {
  let length = 0
  const put = (bytes: Uint8Array) => {
    const kept = bytes.subarray(0, SIZE - length)
    buffer.set(kept, length)
    length += kept.length
  }
  const kind = next(8)
  if (kind === 0) for (let left = next(60); left > 0; left--) put(Uint8Array.of(next(256)))
  else if (kind === 1) for (let left = next(14); left > 0; left--) put(PIECES[next(PIECES.length)])
  else {
    const cut = next(3) === 0 ? next(from.length + 1) : from.length
    const at = next(Math.min(cut, 80) + 1)
    put(from.subarray(0, at))
    if (kind < 5) put(PIECES[next(PIECES.length)])
    put(from.subarray(Math.min(at + (kind & 1) * next(6), cut), cut))
    if (kind === 7 && length > 0)
      for (let flips = 1 + next(4); flips > 0; flips--) buffer[next(Math.min(length, 80))] = next(256)
  }
  return length
}

function check(header: Header, start: number, end: number): void {
  const within = (from: number, to: number, low: number, high: number, name: string) => {
    if (from === -1 && to === -1) return
    if (!(from >= low && from < to && to <= high)) throw new Error(`${name}: ${from} to ${to} not in ${low} to ${high}`)
  }
  const h = header
  if (!(start <= h.lineStart && h.lineStart <= h.lineEnd && h.lineEnd <= end)) throw new Error('line')
  if (!(h.lineStart <= h.messageStart && h.messageStart <= h.lineEnd)) throw new Error('message')
  if (!(h.lineStart <= h.afterTagStart && h.afterTagStart <= h.messageStart)) throw new Error('afterTag')
  within(h.stampStart, h.stampEnd, h.lineStart, h.afterTagStart, 'stamp')
  within(h.hostStart, h.hostEnd, h.lineStart, h.afterTagStart, 'host')
  within(h.programStart, h.programEnd, Math.max(h.lineStart, h.stampEnd), h.afterTagStart, 'program')
  within(h.pidStart, h.pidEnd, h.programEnd, h.afterTagStart, 'pid')
  within(h.msgidStart, h.msgidEnd, Math.max(h.pidEnd, h.programEnd), h.afterTagStart, 'msgid')
  within(h.structuredStart, h.structuredEnd, Math.max(h.msgidEnd, h.programEnd), h.afterTagStart, 'structured')
  if (h.programEnd - h.programStart > 255 || h.hostEnd - h.hostStart > 255) throw new Error('too long')
  if (!(h.priority >= 0 && h.priority <= 191)) throw new Error('priority')
  if (Number.isNaN(h.time) === (h.stampStart >= 0 && (h.flags & 8) === 0)) throw new Error('time and flags')
  if ((h.flags & ~ALL_FLAGS) !== 0) throw new Error('flags')
}

import { EACH } from '../../event/word.ts'

/** Which of the ASCII characters: bit n is the character n. */
export type CharSet = bigint

export const ALL: CharSet = (1n << 128n) - 1n
/** No character: the end of the text, or its beginning when it is gone through backwards. */
export const EDGE: CharSet = 1n << 128n

/** There are few, and they come again and again. */
const asked = new Map<string, CharSet>()

/** The characters that V8 says an expression of one character matches. */
export function setOf(source: string, flags: string): CharSet {
  const key = `${flags}/${source}`
  let set = asked.get(key)
  if (set === undefined) {
    const regex = new RegExp(source, flags)
    set = 0n
    for (let code = 0; code < 128; code++) if (regex.test(String.fromCharCode(code))) set |= 1n << BigInt(code)
    asked.set(key, set)
  }
  return set
}

export const WORD = setOf('\\w', '')

type Ranges = readonly (readonly [low: number, high: number])[]

/** By the set as a text: all numbers with the same lowest 64 bits are one in V8's maps. */
const known = new Map<string, Ranges>()

function rangesOf(set: CharSet): Ranges {
  const key = set.toString(32)
  let ranges = known.get(key)
  if (ranges === undefined) {
    ranges = findRanges(set)
    known.set(key, ranges)
  }
  return ranges
}

function findRanges(set: CharSet): Ranges {
  const ranges: [number, number][] = []
  for (let code = 0; code < 128; code++) {
    if (((set >> BigInt(code)) & 1n) === 0n) continue
    const last = ranges.at(-1)
    if (last?.[1] === code - 1) last[1] = code
    else ranges.push([code, code])
  }
  return ranges
}

/** A set's only character, in each byte of a word; null: it has none, or several. */
export function eachOf(set: CharSet): number | null {
  const ranges = rangesOf(set)
  const [low, high] = ranges[0] ?? [0, 1]
  return ranges.length === 1 && low === high ? low * EACH : null
}

/** Eight sets each; shared by all expressions. */
export const TABLES: Uint8Array[] = []
const places = new Map<string, { table: number; mask: number }>()

function placeOf(set: CharSet): { table: number; mask: number } {
  const key = set.toString(32)
  let place = places.get(key)
  if (place === undefined) {
    const table = places.size >> 3
    place = { table, mask: 1 << (places.size & 7) }
    TABLES[table] ??= new Uint8Array(128)
    for (let code = 0; code < 128; code++) if ((set >> BigInt(code)) & 1n) TABLES[table][code] |= place.mask
    places.set(key, place)
  }
  return place
}

/**
 * JavaScript that is true when the byte is one of the set, or when it is none of it; `T` and a number are the tables, `c`
 * is a variable of its own.
 */
export function testOf(set: CharSet, byte: string, isWithin = true): string {
  if (set === ALL) return String(isWithin)
  if (set === 0n) return String(!isWithin)
  const within = rangesOf(set)
  if (within.length === 1) return rangeTest(within[0], byte, isWithin)
  const without = rangesOf(ALL & ~set)
  if (without.length === 1) return rangeTest(without[0], byte, !isWithin)
  if (within.length === 2) {
    const [one, other] = [rangeTest(within[0], `(c = ${byte})`, isWithin), rangeTest(within[1], 'c', isWithin)]
    return `(${one} ${isWithin ? '||' : '&&'} ${other})`
  }
  const { table, mask } = placeOf(set)
  return `(T${table}[${byte}] & ${mask}) ${isWithin ? '!==' : '==='} 0`
}

function rangeTest([low, high]: Ranges[number], byte: string, isWithin: boolean): string {
  if (low === high) return `${byte} ${isWithin ? '===' : '!=='} ${low}`
  if (high === 127) return `${byte} ${isWithin ? '>=' : '<'} ${low}`
  if (low === 0) return `${byte} ${isWithin ? '<=' : '>'} ${high}`
  return `(${byte} - ${low}) >>> 0 ${isWithin ? '<=' : '>'} ${high - low}`
}

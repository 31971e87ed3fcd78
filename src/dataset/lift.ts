import type { Text } from '../grok/text.ts'
import type { Enrichment } from './enrichment.ts'

/** What is deeper, longer or more than this stays in the message alone. */
const DEPTH = 6
const FIELDS = 200
const KEY_LENGTH = 200
/** Bytes of a value: an index refuses longer keywords. */
const VALUE_LENGTH = 8192
/** Fewer pairs than these are prose with an equals sign in it. */
const PAIRS = 3

/** The object that the text is, within the limits; null: it is none. */
export type Lifter = (text: Text) => Record<string, unknown> | null

/** One JSON object, with the `@cee:` cookie or without it. */
export const liftJson: Lifter = (looked) => {
  if (!JSON_BEGINS.has(looked.memory.bytes[looked.from])) return null
  const text = looked.string
  let from = text.startsWith('@cee:') ? 5 : 0
  while (text.charCodeAt(from) === 0x20) from++
  if (text.charCodeAt(from) !== 0x7b || !/\}\s*$/.test(text.slice(-4))) return null
  let value: unknown
  try {
    value = JSON.parse(from === 0 ? text : text.slice(from))
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const left = { fields: FIELDS }
  return boundedObject(value, DEPTH, left)
}

const JSON_BEGINS = new Set([0x7b, 0x20, 0x40])

function bounded(value: unknown, depth: number, left: { fields: number }): unknown {
  if (typeof value === 'string') return value.slice(0, VALUE_LENGTH)
  if (typeof value !== 'object' || value === null) return value
  if (depth <= 1) return undefined
  if (!Array.isArray(value)) return boundedObject(value, depth - 1, left)
  const items: unknown[] = []
  for (const item of value) {
    if (left.fields-- <= 0) break
    const inner = bounded(item, depth - 1, left)
    if (inner !== undefined && inner !== null) items.push(inner)
  }
  return items
}

function boundedObject(value: object, depth: number, left: { fields: number }): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value)) {
    if (left.fields-- <= 0) break
    if (!goodKey(key)) continue
    const inner = bounded(item, depth, left)
    if (inner !== undefined && inner !== null) result[key] = inner
  }
  return result
}

/** Flattened fields refuse NUL and empty keys; `__proto__` is nobody's honest name. */
function goodKey(key: string): boolean {
  return key !== '' && key.length <= KEY_LENGTH && key !== '__proto__' && !key.includes('\0')
}

const PAIR = /\s*([A-Za-z_][\w.@/-]{0,199})=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']\S*)?)(?=[\s,;]|$)[,;]?/y

/** Nothing but `key=value` pairs: `key="some words"` and `key=` too, divided by blanks, commas or semicolons. */
export const liftPairs: Lifter = (looked) => {
  if (!mayBeginWithKey(looked)) return null
  const text = looked.string
  if (!/^\s{0,8}[A-Za-z_][\w.@/-]{0,199}=/.test(text)) return null
  const result: Record<string, unknown> = Object.create(null)
  let pairs = 0
  const { length } = text.trimEnd()
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < length) {
    const match = PAIR.exec(text)
    if (match === null || pairs++ === FIELDS) return null
    const [, key, quoted, single, bare] = match
    const value = quoted === undefined ? (single ?? bare?.replace(/[,;]$/, '')) : quoted.replace(/\\(.)/g, '$1')
    if (value !== undefined && value !== '' && goodKey(key)) result[key] = value
  }
  return pairs >= PAIRS ? result : null
}

/** False for most texts that are no pairs, in 0.01 µs; the expression takes 0.04. */
function mayBeginWithKey({ memory, from, to }: Text): boolean {
  const { bytes } = memory
  let at = from
  while (at < to && bytes[at] <= BLANK) at++
  for (; at < to; at++) {
    const code = bytes[at]
    if (code > 127 || code === EQUALS) return true
    if (KEY[code] === 0) return false
  }
  return false
}

const BLANK = 0x20
const EQUALS = 0x3d
const KEY = Uint8Array.from({ length: 128 }, (_, code) => (/[\w.@/-]/.test(String.fromCharCode(code)) ? 1 : 0))

/** Writes the object as JSON. */
export function writeObject(out: Enrichment, value: Record<string, unknown>): void {
  const json = JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'string' ? item.toWellFormed().replaceAll('\0', '\\0') : item,
  )
  out.ensure(json.length * 3)
  out.used += out.bytes.write(json, out.used, 'utf8')
}

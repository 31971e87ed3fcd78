import { BACKSLASH, CLOSE, EQUALS, OPEN, QUOTE, SPACE, skipBlanks } from './chars.ts'

/**
 * Where the STRUCTURED-DATA that begins at `p` ends (RFC 5424 section 6.3), or -1 when it is malformed. Let pass:
 * blanks after `=`, and values without quotes (VMware: `[Originator@6876 sub=Vimsvc]`).
 */
export function structuredDataEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start
  while (p < end && bytes[p] === OPEN) {
    p = elementEnd(bytes, p + 1, end)
    if (p < 0) return -1
  }
  return p > start ? p : -1
}

function elementEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = nameEnd(bytes, start, end)
  if (p === start || p === end) return -1
  for (;;) {
    const name = skipBlanks(bytes, p, end)
    if (name === end) return -1
    if (bytes[name] === CLOSE) return name + 1
    if (name === p) return -1
    p = nameEnd(bytes, name, end)
    if (p === name || p === end || bytes[p] !== EQUALS) return -1
    p = valueEnd(bytes, valueStart(bytes, p + 1, end), end)
    if (p < 0) return -1
  }
}

/** SD-NAME: printable, but none of `= ] "`. */
function nameEnd(bytes: Uint8Array, p: number, end: number): number {
  while (p < end && bytes[p] > SPACE && bytes[p] !== EQUALS && bytes[p] !== CLOSE && bytes[p] !== QUOTE) p++
  return p
}

/** Blanks before a quote are let pass; otherwise the value is empty. */
function valueStart(bytes: Uint8Array, p: number, end: number): number {
  const q = skipBlanks(bytes, p, end)
  return q < end && bytes[q] === QUOTE ? q : p
}

function valueEnd(bytes: Uint8Array, p: number, end: number): number {
  if (p === end) return -1
  if (bytes[p] !== QUOTE) {
    while (p < end && bytes[p] > SPACE && bytes[p] !== CLOSE) if (bytes[p++] === QUOTE) return -1
    return p
  }
  for (let q = p + 1; q < end; q++) {
    if (bytes[q] === BACKSLASH) q++
    else if (bytes[q] === QUOTE) return q + 1
  }
  return -1
}

const decoder = new TextDecoder()

/**
 * Decodes what `structuredDataEnd` has delimited: SD-ID → PARAM-NAME → PARAM-VALUE, `\"`, `\\` and `\]` unescaped and
 * other backslashes kept. Elements with the same id are joined; so are the values of a parameter that stands twice in
 * one (`[origin ip="192.0.2.1" ip="192.0.2.129"]`), by a comma. The objects have no prototype: names come from
 * strangers.
 */
export function structuredData(bytes: Uint8Array, start: number, end: number): Record<string, Record<string, string>> {
  const elements: Record<string, Record<string, string>> = Object.create(null)
  let p = start
  while (p < end && bytes[p] === OPEN) {
    const idEnd = nameEnd(bytes, p + 1, end)
    const id = decoder.decode(bytes.subarray(p + 1, idEnd))
    elements[id] ??= Object.create(null)
    p = params(elements[id], bytes, idEnd, end)
  }
  return elements
}

function params(into: Record<string, string>, bytes: Uint8Array, start: number, end: number): number {
  let p = start
  for (;;) {
    p = skipBlanks(bytes, p, end)
    if (p >= end || bytes[p] === CLOSE) return p + 1
    const equals = nameEnd(bytes, p, end)
    const from = valueStart(bytes, equals + 1, end)
    const to = valueEnd(bytes, from, end)
    if (to < 0) return end
    const name = decoder.decode(bytes.subarray(p, equals))
    const value = bytes[from] === QUOTE ? unescaped(bytes.subarray(from + 1, to - 1)) : bytes.subarray(from, to)
    const text = decoder.decode(value)
    into[name] = into[name] === undefined ? text : `${into[name]},${text}`
    p = to
  }
}

function unescaped(value: Uint8Array): Uint8Array {
  if (!value.includes(BACKSLASH)) return value
  const out = new Uint8Array(value.length)
  let length = 0
  for (let p = 0; p < value.length; p++) {
    const next = value[p + 1]
    if (value[p] === BACKSLASH && (next === QUOTE || next === BACKSLASH || next === CLOSE)) p++
    out[length++] = value[p]
  }
  return out.subarray(0, length)
}

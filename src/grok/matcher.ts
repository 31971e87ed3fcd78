import { MATCHED_LENGTH } from '../route/matcher.ts'
import { type Capture, type CompiledGrok, compileGrok } from './compile.ts'
import type { PatternLibrary } from './library.ts'

/** As the options of Logstash's grok filter. */
export interface MatcherOptions {
  anchored?: boolean
  /** False: all patterns are tried, and what they capture is joined. */
  breakOnMatch?: boolean
  /** True: groups that took no part are null, those that matched nothing are empty strings. */
  keepEmptyCaptures?: boolean
  namedCapturesOnly?: boolean
  tagOnFailure?: readonly string[]
}

export type Scalar = string | number | null
export interface Fields {
  [name: string]: Scalar | Scalar[] | Fields
}

export interface GrokResult {
  matched: boolean
  /** Index of the first pattern that matched; -1: none did. */
  pattern: number
  fields: Fields
  tags: readonly string[]
}

/** Patterns that are tried in order, with a plain object as result: for commands and tests, not for the lane. */
export class GrokMatcher {
  readonly patterns: readonly CompiledGrok[]
  readonly #breakOnMatch: boolean
  readonly #keepEmpty: boolean
  readonly #tags: readonly string[]

  /** @throws GrokError when one of the patterns is none */
  constructor(
    patterns: readonly string[],
    library: PatternLibrary,
    {
      anchored = true,
      breakOnMatch = true,
      keepEmptyCaptures = false,
      namedCapturesOnly = true,
      tagOnFailure = ['_grokparsefailure'],
    }: MatcherOptions = {},
  ) {
    this.patterns = patterns.map((pattern) => compileGrok(pattern, library, { anchored, namedCapturesOnly }))
    for (const { regex } of this.patterns) regex.test('')
    this.#breakOnMatch = breakOnMatch
    this.#keepEmpty = keepEmptyCaptures
    this.#tags = tagOnFailure
  }

  /** Only the first MATCHED_LENGTH characters are looked at. */
  match(text: string): GrokResult {
    const looked = text.length > MATCHED_LENGTH ? text.slice(0, MATCHED_LENGTH) : text
    const fields: Fields = Object.create(null)
    let first = -1
    for (const [index, { regex, captures, literals }] of this.patterns.entries()) {
      if (literals.length > 0 && !looked.includes(literals[0].text)) continue
      const match = regex.exec(looked)
      if (match === null) continue
      addCaptures(fields, captures, match, this.#keepEmpty)
      if (first === -1) first = index
      if (this.#breakOnMatch) break
    }
    return { matched: first !== -1, pattern: first, fields, tags: first === -1 ? this.#tags : [] }
  }
}

function addCaptures(fields: Fields, captures: readonly Capture[], match: RegExpExecArray, keepEmpty: boolean): void {
  for (const { group, path, type } of captures) {
    const text = match[group]
    if (!keepEmpty && (text === undefined || text === '')) continue
    add(fields, path, text === undefined ? null : converted(text, type))
  }
}

/** A second value makes a list; a field that is a value already can't have fields within it: those are left out. */
function add(fields: Fields, path: readonly string[], value: Scalar): void {
  const name = path.at(-1) ?? ''
  let place = fields
  for (const part of path.slice(0, -1)) {
    place[part] ??= Object.create(null) as Fields
    const next = place[part]
    if (!isFields(next)) return
    place = next
  }
  const known = place[name]
  if (known === undefined || known === null) place[name] = value
  else if (value === null || isFields(known)) return
  else place[name] = [known, value].flat()
}

function isFields(value: Fields[string]): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Ruby's to_i and to_f: the number that the text begins with, otherwise 0. An integer too large for JavaScript stays
 * text rather than becoming another number.
 */
export function converted(text: string, type: Capture['type']): string | number {
  if (type === 'string') return text
  if (type === 'float') return Number(/^\s*[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(text)?.[0] ?? 0)
  const digits = /^\s*[+-]?\d+/.exec(text)?.[0].trim() ?? '0'
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : digits
}

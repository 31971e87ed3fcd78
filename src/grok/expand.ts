import { didYouMean } from '../config/suggest.ts'
import { GrokError } from './error.ts'
import type { PatternLibrary } from './library.ts'

export type FieldType = 'string' | 'int' | 'float'

/** What a group of a pattern is captured as. */
export interface Field {
  /** `source.ip`, whether it was written so or as `[source][ip]`. */
  field: string
  path: string[]
  type: FieldType
  /** The pattern whose text it is: `IP` of `%{IP:source.ip}`; empty for `(?<name>…)`. */
  pattern: string
}

/**
 * A pattern without `%{…}`. Groups that capture a field are written `(?<%N>`, N being the index in `fields`; no field
 * that a person writes can be read as that.
 */
export interface Expanded {
  text: string
  fields: Field[]
}

/** `%{SYNTAX}`, `%{SYNTAX:field}`, `%{SYNTAX:field:type}`, each also with `=definition`. */
export const REFERENCE = /%\{([\w-]+)(?::([^}:=]+)(?::([^}=]*))?)?\s*(=|\})/y

const MAX_LENGTH = 1 << 20

/**
 * Puts the library's patterns in for `%{…}`, as Logstash does: in the text, before it is read as a regular expression.
 * @param namedCapturesOnly false: `%{INT}` is a field too, named INT.
 * @throws GrokError for a name that is unknown or asks for itself
 */
export function expandGrok(pattern: string, library: PatternLibrary, namedCapturesOnly = true): Expanded {
  const fields: Field[] = []
  const own = new Map<string, string>()
  const within: string[] = []
  let length = 0

  const expand = (text: string): string => {
    const place = within.at(-1) ?? null
    let out = ''
    let from = 0
    for (;;) {
      const at = text.indexOf('%{', from)
      if (at === -1) break
      out += text.slice(from, at)
      const reference = readReference(text, at, place)
      if (reference === null) {
        out += '%{'
        from = at + 2
        continue
      }
      from = reference.end
      const { name, field, type, definition } = reference
      if (definition !== undefined) own.set(name, definition)
      const body = own.get(name) ?? library.get(name)
      if (body === undefined) {
        const near = didYouMean(name, [...own.keys(), ...library.names()])
        throw new GrokError(`there is no pattern %{${name}}${near}`, text, at, place)
      }
      if (within.includes(name)) {
        const way = [...within.slice(within.indexOf(name)), name].join(' → ')
        throw new GrokError(`%{${name}} asks for itself: ${way}`, text, at, place)
      }
      const captured = field ?? (namedCapturesOnly ? undefined : name)
      const index = captured === undefined ? -1 : fields.push(fieldOf(captured, type, name, text, at, place)) - 1
      within.push(name)
      const inner = expand(body)
      within.pop()
      length += inner.length
      if (length > MAX_LENGTH) throw new GrokError(`%{${name}} makes the pattern too long`, text, at, place)
      out += index === -1 ? `(?:${inner})` : `(?<%${index}>${inner})`
    }
    return out + text.slice(from)
  }

  return { text: expand(pattern), fields }
}

interface Reference {
  name: string
  field?: string | undefined
  type?: string | undefined
  definition?: string | undefined
  end: number
}

/** The `%{…}` at `at`; null when the text only looks like one, as `%{,2}` does, a repeated %. */
export function readReference(text: string, at: number, place: string | null = null): Reference | null {
  if (!/[\w-]/.test(text.charAt(at + 2))) return null
  REFERENCE.lastIndex = at
  const [all, name = '', field, type, sign] = REFERENCE.exec(text) ?? []
  if (all === undefined) {
    throw new GrokError('wanted: %{NAME}, %{NAME:field}, %{NAME:field:int} or %{NAME:field:float}', text, at, place)
  }
  if (sign === '}') return { name, field, type, end: at + all.length }
  // `%{NAME=regex}`: up to the brace that closes it, counting those within.
  let depth = 1
  let end = at + all.length
  for (; end < text.length; end++) {
    const char = text.charAt(end)
    if (char === '\\') end++
    else if (char === '{') depth++
    else if (char === '}' && --depth === 0) break
  }
  if (depth > 0) throw new GrokError('this definition has no "}"', text, at, place)
  return { name, field, type, definition: text.slice(at + all.length, end), end: end + 1 }
}

export function fieldOf(
  written: string,
  type: string | undefined,
  pattern: string,
  text: string,
  at: number,
  place: string | null,
): Field {
  const name = written.trim()
  if (!/^[@\w.-]+$|^(?:\[[^[\]]+\])+$/.test(name)) {
    throw new GrokError(`"${name}" names no field: wanted name, a.b or [a][b]`, text, at, place)
  }
  if (type !== undefined && type !== 'int' && type !== 'float' && type !== 'string') {
    throw new GrokError(`a field's type is int, float or string, not "${type}"`, text, at, place)
  }
  const path = pathOf(name)
  return { field: path.join('.'), path, type: type ?? 'string', pattern }
}

function pathOf(name: string): string[] {
  if (name.startsWith('[')) return name.slice(1, -1).split('][')
  const parts = name.split('.')
  return parts.includes('') ? [name] : parts
}

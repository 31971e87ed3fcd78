import { createRequire } from 'node:module'
import { GrokError } from './error.ts'
import { type Field, fieldOf } from './expand.ts'

/** An expression as JavaScript writes it, with numbered groups only: named ones cost 1.4 times as much per match. */
export interface Translated {
  source: string
  flags: string
  /** By index of the field: the number of its group; 0: there is no such group. */
  groups: number[]
}

/**
 * Translates Oniguruma's syntax, as Ruby has it, into JavaScript's: `^` and `$` are ends of lines, `.` is every
 * character (Logstash compiles with MULTILINE), `\d`, `\w`, `\s` and `\b` are ASCII's, `\h` is a hexadecimal digit,
 * plain groups don't capture.
 *
 * What both languages write alike is taken over as it is; only the rest goes through oniguruma-to-es, which takes 17 ms
 * to load and 1 to 10 ms a pattern (SYSLOGBASE 2, HAPROXYHTTP 10; 0.1 and 0.35 here, bench/micro-grok.ts).
 *
 * @param text `(?<%N>` opens the group of field N
 * @param fields what `(?<name>…)` captures is added to them
 * @throws GrokError
 */
export function translate(text: string, fields: Field[]): Translated {
  const { common, oniguruma } = new Reader(text, fields).read()
  if (common !== null) {
    try {
      const { source, groups } = numbered(common, fields.length)
      new RegExp(source, 's')
      return { source, flags: 's', groups }
    } catch {
      // Written alike but not in JavaScript, such as a** : the library knows, or says what is wrong with it.
    }
  }
  return viaLibrary(oniguruma, fields.length, text)
}

/** Escapes that mean the same in both, outside of classes. */
const SAME_ESCAPE = /\\(?:[dDwWbBntrfv]|u[0-9a-fA-F]{4}|x[0-7][0-9a-fA-F]|[^0-9A-Za-z])/y
const SAME_CLASS_ESCAPE = /\\(?:[dDwWbntrfv]|u[0-9a-fA-F]{4}|x[0-7][0-9a-fA-F]|[^0-9A-Za-z])/y
/** Any escape with what belongs to it. */
export const ESCAPE = /\\(?:[pPxo]\{[^}]*\}|g(?:<[^>]*>|'[^']*')|[\s\S])/y
const BOUNDS = /\{(\d*)(?:(,)(\d*))?\}/y
const SAME_GROUP = /\(\?(?:[:=!]|<[=!])/y
const NAMED = /\(\?(?:<(?![=!])([^>]*)>|'([^']*)')/y
const BACKREF_NAME = /\\k(?:<([^>]*)>|'([^']*)')/y
const LINE_START = '(?<![^\\n])'
const LINE_END = '(?![^\\n])'
const SPACES = '\\t-\\r '

/** Goes through an expression once and writes it twice: as JavaScript, and for the library. */
class Reader {
  readonly #text: string
  readonly #fields: Field[]
  readonly #names = new Map<string, number>()
  #at = 0
  #js = ''
  #onig = ''
  #isCommon = true
  readonly #capturesPlain: boolean

  constructor(text: string, fields: Field[]) {
    this.#text = text
    this.#fields = fields
    // Ruby refuses \1 beside named groups; here it counts all groups, so that such patterns can be kept.
    this.#capturesPlain = /\\[1-9]/.test(text)
  }

  read(): { common: string | null; oniguruma: string } {
    while (this.#at < this.#text.length) this.#piece()
    return { common: this.#isCommon ? this.#js : null, oniguruma: this.#onig }
  }

  #piece(): void {
    const char = this.#text.charAt(this.#at)
    if (char === '\\') this.#escape()
    else if (char === '[') this.#class()
    else if (char === '(') this.#open()
    else if (char === '{') this.#bounds()
    else if (char === '^') this.#both(LINE_START, 1)
    else if (char === '$') this.#both(LINE_END, 1)
    else if (char === ']' || char === '}') this.#both(`\\${char}`, 1)
    else {
      this.#both(char, 1)
      // a*+ is possessive.
      if ('*+?'.includes(char) && this.#text.charAt(this.#at) === '+') this.#isCommon = false
    }
  }

  /** Both write `text` for the next `length` characters. */
  #both(text: string, length: number): void {
    this.#js += text
    this.#onig += text
    this.#at += length
  }

  /** Only the library knows the next characters. */
  #foreign(length: number): void {
    this.#isCommon = false
    this.#onig += this.#text.slice(this.#at, this.#at + length)
    this.#at += length
  }

  #escape(): void {
    const letter = this.#text.charAt(this.#at + 1)
    if (letter === 'k') this.#backref()
    else if (letter === 's') this.#both(`[${SPACES}]`, 2)
    else if (letter === 'S') this.#both(`[^${SPACES}]`, 2)
    else if (letter === 'A' || letter === 'z') {
      this.#js += letter === 'A' ? '^' : '$'
      this.#onig += `\\${letter}`
      this.#at += 2
    } else {
      const same = take(SAME_ESCAPE, this.#text, this.#at)
      if (same !== null) this.#both(same[0], same[0].length)
      else this.#foreign(take(ESCAPE, this.#text, this.#at)?.[0].length ?? 1)
    }
  }

  #class(): void {
    const end = classEnd(this.#text, this.#at)
    if (end === -1) throw new GrokError('this "[" has no "]"; write \\[ for the character', this.#text, this.#at)
    const written = this.#text.slice(this.#at, end)
    const js = commonClass(written)
    if (js === null) this.#foreign(written.length)
    else {
      this.#js += js
      this.#onig += written
      this.#at = end
    }
  }

  #bounds(): void {
    const [all, least = '', comma = '', most = ''] = take(BOUNDS, this.#text, this.#at) ?? []
    if (all === undefined || least + most === '') {
      this.#both('\\{', 1)
      return
    }
    this.#both(`{${least || '0'}${comma}${most}}`, all.length)
    // Ruby: {2}+ repeats what was repeated, {2}? makes it optional.
    const next = this.#text.charAt(this.#at)
    if (next === '+' || (next === '?' && comma === '')) this.#isCommon = false
  }

  #open(): void {
    const text = this.#text
    const [named, angled, quoted] = take(NAMED, text, this.#at) ?? []
    const [same] = take(SAME_GROUP, text, this.#at) ?? []
    if (named !== undefined) this.#named(named, angled ?? quoted ?? '')
    else if (same !== undefined) this.#both(same, same.length)
    else if (text.startsWith('(?#', this.#at)) {
      const end = text.indexOf(')', this.#at)
      if (end === -1) throw new GrokError('this comment has no ")"', text, this.#at)
      this.#at = end + 1
    } else if (text.startsWith('(?', this.#at)) this.#foreign(2)
    else this.#both(this.#capturesPlain ? '(' : '(?:', 1)
  }

  #named(opening: string, name: string): void {
    let index = Number(/^%(\d+)$/.exec(name)?.[1] ?? -1)
    if (index === -1) {
      const [, bare = name, type] = /^(.*?)(?::(int|float|string))?$/.exec(name) ?? []
      index = this.#fields.push(fieldOf(bare, type, '', this.#text, this.#at, null)) - 1
      this.#names.set(bare, index)
    }
    this.#both(`(?<f${index}>`, opening.length)
  }

  #backref(): void {
    const [all, angled, quoted] = take(BACKREF_NAME, this.#text, this.#at) ?? []
    const name = angled ?? quoted ?? ''
    const index = this.#names.get(name)
    if (all === undefined || index === undefined) {
      throw new GrokError(`there is no group "${name}" to refer back to`, this.#text, this.#at)
    }
    this.#isCommon = false
    this.#onig += `\\k<f${index}>`
    this.#at += all.length
  }
}

/** Where the class that begins at `start` ends, nested ones within it; -1: nowhere. */
export function classEnd(text: string, start: number): number {
  let at = start + 1
  if (text.charAt(at) === '^') at++
  // A ] that comes first is a character.
  if (text.charAt(at) === ']') at++
  for (; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (char === '[') {
      if (text.startsWith('[:', at) && /^\[:\^?\w+:\]/.test(text.slice(at, at + 16))) at = text.indexOf(':]', at) + 1
      else {
        const end = classEnd(text, at)
        if (end === -1) return -1
        at = end - 1
      }
    } else if (char === ']') return at + 1
  }
  return -1
}

/** The class for JavaScript; null when the two languages don't write it alike. */
function commonClass(written: string): string | null {
  const opening = written.startsWith('[^') ? '[^' : '['
  const body = written.slice(opening.length, -1)
  if (body === '' || body.startsWith(']') || body.includes('&&')) return null
  let js = ''
  for (let at = 0; at < body.length; ) {
    const char = body.charAt(at)
    if (char === '[') return null
    if (char !== '\\') {
      js += char
      at++
    } else if (body.charAt(at + 1) === 's' && body.charAt(at + 2) !== '-' && !js.endsWith('-')) {
      js += SPACES
      at += 2
    } else {
      const same = take(SAME_CLASS_ESCAPE, body, at)
      if (same === null) return null
      js += same[0]
      at += same[0].length
    }
  }
  return `${opening}${js}]`
}

type ToDetails = typeof import('oniguruma-to-es').toRegExpDetails
let toDetails: ToDetails | null = null

function viaLibrary(oniguruma: string, fields: number, text: string): Translated {
  toDetails ??= createRequire(import.meta.url)('oniguruma-to-es').toRegExpDetails as ToDetails
  const convert = toDetails
  const attempt = (target: 'ES2018' | 'ES2025') =>
    convert(oniguruma, {
      target,
      flags: 'mDSW',
      rules: { captureGroup: true, asciiWordBoundaries: true, singleline: true },
    })
  let details: ReturnType<ToDetails>
  try {
    try {
      details = attempt('ES2018')
    } catch {
      // Sets of classes need the v flag.
      details = attempt('ES2025')
    }
    const { source: body, groups } = numbered(details.pattern, fields)
    // \G, and a sticky expression remembers where the last match ended: here it always means the start.
    const source = details.flags.includes('y') ? `^(?:${body})` : body
    const flags = withoutUnicode(source, details.flags).replace('y', '')
    new RegExp(source, flags)
    return { source, flags, groups }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new GrokError(problem.replace(/^Invalid regular expression: /, ''), text, 0)
  }
}

/**
 * Leaves the u flag out where nothing in the expression needs it: V8's linear engine, which takes over from an
 * expression that goes back too often, does not know it.
 */
function withoutUnicode(source: string, flags: string): string {
  const needed = flags.includes('i') || flags.includes('v') || /\\[pP]|\\u\{|[\u{10000}-\u{10ffff}]/u.test(source)
  return needed ? flags : flags.replace('u', '')
}

/** Takes the names out of groups and says which number each has. */
function numbered(named: string, fields: number): { source: string; groups: number[] } {
  const groups = new Array<number>(fields).fill(0)
  let count = 0
  let source = ''
  for (let at = 0; at < named.length; ) {
    const char = named.charAt(at)
    let length = 1
    let written = char
    if (char === '\\') {
      const reference = /^\\k<f(\d+)>/.exec(named.slice(at, at + 16))
      length = reference?.[0].length ?? 2
      written = reference === null ? named.slice(at, at + 2) : `(?:\\${groups[Number(reference[1])]})`
    } else if (char === '[') {
      length = classEndInJs(named, at) - at
      written = named.slice(at, at + length)
    } else if (char === '(' && named.charAt(at + 1) !== '?') count++
    else if (char === '(') {
      const name = /^\(\?<f(\d+)>/.exec(named.slice(at, at + 16))
      if (name !== null) {
        groups[Number(name[1])] = ++count
        length = name[0].length
        written = '('
      }
    }
    source += written
    at += length
  }
  return { source, groups }
}

/** Classes are nested with the v flag; without it a [ within one is escaped by whoever wrote it. */
function classEndInJs(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    const char = source.charAt(at)
    if (char === '\\') at++
    else if (char === '[') depth++
    else if (char === ']' && --depth === 0) return at + 1
  }
  return source.length
}

function take(regex: RegExp, text: string, at: number): RegExpExecArray | null {
  regex.lastIndex = at
  return regex.exec(text)
}

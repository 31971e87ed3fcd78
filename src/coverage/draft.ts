import { compileGrok } from '../grok/compile.ts'
import { PatternLibrary } from '../grok/library.ts'
import { FieldNames } from './field-names.ts'
import { foldLine, type Value } from './shape.ts'

/** Grok patterns for a value, the most exact first: the first that fits the example is taken. */
const PATTERNS: Readonly<Record<Value['kind'], readonly string[]>> = {
  ip: ['IP'],
  num: ['INT'],
  uuid: ['UUID'],
  id: ['WORD'],
  word: [],
  path: ['UNIXPATH'],
  uri: ['URI'],
  email: ['EMAILADDRESS'],
  mac: ['MAC'],
  time: ['TIMESTAMP_ISO8601', 'TIME', 'HTTPDATE', 'HTTPDERROR_DATE', 'SYSLOGTIMESTAMP'],
  version: [],
  str: [],
}

let library: PatternLibrary | undefined

function shipped(): PatternLibrary {
  library ??= PatternLibrary.load({ vocabulary: 'ecs' })
  return library
}

/**
 * Proposes a pattern for lines like this one, such as `from %{IP:source.ip} port %{POSINT:source.port:int}$`. It fits
 * the line, which is tried; names are guessed by the words beside the values.
 * @param fractions by the number of the value: true when other lines of the shape have a fraction there
 */
export function draftPattern(message: string, dataset: string, fractions: readonly boolean[] = []): string {
  const first = message.split('\n', 1)[0]
  const exact = compose(message, dataset, fractions, patternOf)
  return fits(exact, first) ? exact : compose(message, dataset, fractions, () => 'DATA')
}

function fits(pattern: string, text: string): boolean {
  return compileGrok(pattern, shipped()).regex.test(text)
}

type Choose = (value: Value, next: string, name: string, fraction: boolean) => string

function compose(message: string, dataset: string, fractions: readonly boolean[], choose: Choose): string {
  const { parts, cut } = foldLine(message)
  const names = new FieldNames(dataset)
  let pattern = ''
  let number = 0
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'string') {
      pattern += escapeLiteral(part)
      continue
    }
    const before = textOf(parts[i - 1])
    const after = textOf(parts[i + 1])
    const fraction = fractions[number++] === true || part.text.includes('.')
    // Digits within a word (eth0) are no value of their own.
    if (part.kind === 'num' && (/\w$/.test(before) || /^\w/.test(after))) {
      pattern += fraction ? '[0-9.]+' : '[0-9]+'
      continue
    }
    const quote = part.kind === 'str' ? part.text.slice(0, part.text.search(/["']/) + 1) : ''
    const name = names.next(part, before, after)
    const isLast = i === parts.length - 1
    const chosen = choose(part, isLast && cut ? ' ' : after, name, fraction)
    const type = part.kind !== 'num' || chosen === 'DATA' ? '' : fraction ? ':float' : ':int'
    pattern += `${escapeLiteral(quote)}%{${chosen}:${name}${type}}${quote.slice(-1)}`
  }
  return cut ? pattern : `${pattern}$`
}

function patternOf({ kind, text }: Value, next: string, name: string, fraction: boolean): string {
  if (kind === 'num' && fraction) return 'NUMBER'
  if (kind === 'num' && name.endsWith('.port') && /^[1-9]/.test(text)) return 'POSINT'
  if (kind === 'str') return text.endsWith('"') ? 'INQUOTES' : 'DATA'
  const found = PATTERNS[kind].find((pattern) => fits(`%{${pattern}}$`, text))
  // Up to the next blank, or up to what stands next.
  return found ?? (/^\s|^$/.test(next) && !/\s/.test(text) ? 'NOTSPACE' : 'DATA')
}

function textOf(part: string | Value | undefined): string {
  return typeof part === 'string' ? part : ''
}

/** Text that stands for itself in a grok pattern. From 80 on `\xHH` would be a byte of UTF-8, so `\uHHHH` it is. */
function escapeLiteral(text: string): string {
  return text
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

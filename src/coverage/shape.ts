/** What a piece of a line is that changes from line to line. */
export type ValueKind =
  | 'str'
  | 'uri'
  | 'email'
  | 'time'
  | 'mac'
  | 'ip'
  | 'uuid'
  | 'path'
  | 'num'
  | 'word'
  | 'id'
  | 'version'

export interface Value {
  kind: ValueKind
  text: string
}

/** A line with its values folded: `Failed password for root from <ip> port <num>`. */
export interface Folded {
  shape: string
  /** Literal text and values, in order. */
  parts: (string | Value)[]
  /** The line goes on after the last part. */
  cut: boolean
}

/** Characters of a message that are looked at. */
const LENGTH = 512

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'

/**
 * In this order at each place of the line. None looks at how many digits a number has, so that the shape depends on no
 * number. Without `v`: named alternatives, one of which takes part in a match.
 */
const VALUES: Record<string, string> = {
  str: String.raw`"(?:[^"\\]|\\.)*"|(?<!\w)u?'(?:[^'\\]|\\.)*'(?!\w)`,
  uri: String.raw`\b[A-Za-z][A-Za-z0-9+.-]{1,15}:\/\/[^\s"'<>,;)\]]+`,
  email: String.raw`(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+`,
  time: [
    String.raw`(?<![\w-])\d+-\d+-\d+[T ]\d+:\d+(?::\d+(?:[.,]\d+)?)?(?:Z\b|[+-]\d+:?\d+)?`,
    String.raw`(?<!\w)\d+\/${MONTH}\/\d+:\d+:\d+:\d+(?:\.\d+)?(?: [+-]\d+)?`,
    String.raw`\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?${MONTH} +\d+ \d+:\d+:\d+(?:\.\d+)?(?: \d+)?`,
  ].join('|'),
  mac: String.raw`(?<![\w:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,}(?![\w:-])`,
  ip: [
    String.raw`(?<![\w.])\d+\.\d+\.\d+\.\d+(?!\w|\.\d)`,
    String.raw`(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])`,
    String.raw`(?<![\w:.])(?=[0-9A-Fa-f:]*[0-9A-Fa-f])(?=[0-9A-Fa-f:]*::)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])`,
  ].join('|'),
  clock: String.raw`(?<![\w.])\d+:\d+:\d+(?:[.,]\d+)?`,
  uuid: `(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])`,
  path: String.raw`(?<![\w.<>/)\]}])\/[\w.@%+~/-]*[\w@%+~/-]`,
  num: String.raw`(?:(?<=^|[\s=([,:])[+-])?(?<![\w.])\d+(?:\.\d+)?(?!\w|\.\d)`,
  word: String.raw`(?<=\w=)[^\s,;"'()[\]{}]+|(?<=\b[Uu]ser )[\w.@$-]*[\w@$]`,
  // Hexadecimal, or letters and digits by turns.
  id: String.raw`(?<!\w)(?:0x[0-9A-Fa-f]+|(?=[0-9A-Fa-f]*\d)(?=[0-9A-Fa-f]*[A-Fa-f])[0-9A-Fa-f]+|[A-Za-z_]*\d+[A-Za-z_]+\d\w*)(?!\w)`,
  version: String.raw`\d+(?:\.\d+){2,}`,
  digits: String.raw`\d+(?:\.\d+)?`,
}
const VALUE = new RegExp(
  Object.entries(VALUES)
    .map(([name, source]) => `(?<${name}>${source})`)
    .join('|'),
  'g',
)
const KINDS: [name: string, kind: ValueKind][] = [
  ...(['str', 'uri', 'email', 'time', 'mac', 'ip', 'uuid', 'path', 'num', 'word', 'id', 'version'] as const).map(
    (kind): [string, ValueKind] => [kind, kind],
  ),
  ['clock', 'time'],
  ['digits', 'num'],
]

/** Folds what changes from line to line, of the first line of a message and at most 512 characters. */
export function foldLine(message: string): Folded {
  const end = message.indexOf('\n')
  const first = end < 0 ? message : message.slice(0, end)
  const text = first.slice(0, LENGTH)
  const cut = text.length < message.length
  const parts: Folded['parts'] = []
  let at = 0
  for (const match of text.matchAll(VALUE)) {
    const found = KINDS.find(([name]) => match.groups?.[name] !== undefined)
    if (found === undefined) continue
    if (match.index > at) parts.push(text.slice(at, match.index))
    parts.push({ kind: found[1], text: match[0] })
    at = match.index + match[0].length
  }
  if (at < text.length) parts.push(text.slice(at))
  const shape = parts.map((part) => (typeof part === 'string' ? harmless(part) : `<${part.kind}>`)).join('')
  return { shape: cut ? `${shape}…` : shape, parts, cut }
}

/** Text of a log, for a terminal: control characters and those that turn the direction of writing are escaped. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    const escaped = JSON.stringify(char).slice(1, -1)
    return escaped === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped
  })
}

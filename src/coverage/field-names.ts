import type { Value } from './shape.ts'

/** Which end of a connection a word in front of an address means. */
const ENDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['from', 'client', 'by', 'rhost', 'src', 'saddr', 'source', 'peer', 'remote'].map((word) => [word, 'source']),
  ),
  ...Object.fromEntries(['to', 'dst', 'daddr', 'dest', 'destination', 'server'].map((word) => [word, 'destination'])),
}
/** Words in front of a value that say nothing of it. */
const EMPTY = new Set(
  'a an and are as at after be been before by for from has have in into is it its of off on or out over than that the then this to took until was were will with'.split(
    ' ',
  ),
)
const USER = /^(?:user|username|acct|account|logname|ruser|login)$/

/** Members of events that mean something else than a program of this name. */
const OBJECTS = new Set(
  'client destination dns ecs error event file host http log message network process related rule server sluice source tags url user'.split(
    ' ',
  ),
)

/** A dataset's name for lines of a program. */
export function datasetName(program: string): string {
  const name = slug(program) || 'unnamed'
  return OBJECTS.has(name) ? `${name}_log` : name
}

/** Guesses names for the values of one line, each once: those of ECS where it surely has one. */
export class FieldNames {
  readonly #dataset: string
  readonly #taken = new Set<string>()
  /** The end that the last address is of. */
  #end: string | null = null

  constructor(dataset: string) {
    this.#dataset = dataset
  }

  /** @param before literal text in front of the value, `after` it: up to the next values */
  next({ kind }: Value, before: string, after: string): string {
    const word = wordBefore(before)
    const wanted = this.#wanted(kind, word, before)
    if (wanted !== null && this.#take(wanted)) return wanted
    return this.#own(EMPTY.has(word) || word === '' ? wordAfter(after) || kindName(kind) : word, kind)
  }

  #wanted(kind: Value['kind'], word: string, before: string): string | null {
    if (kind === 'ip') {
      const said = ENDS[word] ?? 'source'
      const end = this.#taken.has(`${said}.ip`) && ENDS[word] === undefined ? 'destination' : said
      this.#end = this.#taken.has(`${end}.ip`) ? null : end
      return this.#end === null ? null : `${end}.ip`
    }
    const end = this.#end
    if (kind === 'num') {
      if (/^s(?:rc)?_?p(?:or)?t$/.test(word)) return 'source.port'
      if (/^d(?:st)?_?p(?:or)?t$/.test(word)) return 'destination.port'
      if (end !== null && (word === 'port' || /^[:#]$/.test(before))) return `${end}.port`
      return word === 'pid' ? 'process.pid' : null
    }
    if (kind === 'word' && USER.test(word)) return 'user.name'
    if (kind === 'word' && word === 'rhost') return 'source.domain'
    if (kind === 'uri') return 'url.original'
    return kind === 'path' ? 'file.path' : null
  }

  #own(word: string, kind: Value['kind']): string {
    const name = kind === 'uuid' && !/id$/.test(word) ? `${word}_id` : word
    for (let i = 1; ; i++) {
      const field = `${this.#dataset}.${name}${i === 1 ? '' : i}`
      if (this.#take(field)) return field
    }
  }

  /** A field can't be a value and hold others. */
  #take(field: string): boolean {
    if (this.#taken.has(field)) return false
    this.#taken.add(field)
    return true
  }
}

function wordBefore(text: string): string {
  return slug(/([\p{L}][\w.-]{0,40})[\s=:([#"'<]{0,3}$/u.exec(text)?.[1] ?? '')
}

function wordAfter(text: string): string {
  const word = slug(/^[\s)\]]{0,2}(\p{L}\w{0,40})/u.exec(text)?.[1] ?? '')
  return EMPTY.has(word) ? '' : word
}

/** A word as a part of a field's name. */
export function slug(word: string): string {
  return word
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
}

function kindName(kind: Value['kind']): string {
  if (kind === 'num') return 'number'
  if (kind === 'str' || kind === 'word') return 'text'
  return kind
}

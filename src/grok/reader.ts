import { classEnd, commonClass, SPACES, takeAt } from './class.ts'
import { GrokError } from './error.ts'
import { type Field, fieldOf } from './expand.ts'

/** Escapes that mean the same in both, outside of classes. */
const SAME_ESCAPE = /\\(?:[dDwWbBntrfv]|u[0-9a-fA-F]{4}|x[0-7][0-9a-fA-F]|[^0-9A-Za-z])/y
/** Any escape with what belongs to it. */
export const ESCAPE = /\\(?:[pPxo]\{[^}]*\}|g(?:<[^>]*>|'[^']*')|[\s\S])/y
const BOUNDS = /\{(\d*)(?:(,)(\d*))?\}/y
const SAME_GROUP = /\(\?(?:[:=!]|<[=!])/y
const NAMED = /\(\?(?:<(?![=!])([^>]*)>|'([^']*)')/y
const BACKREF_NAME = /\\k(?:<([^>]*)>|'([^']*)')/y
const LINE_START = '(?<![^\\n])'
const LINE_END = '(?![^\\n])'

/** Goes through an expression once and writes it twice: as JavaScript, and for the library. */
export class Reader {
  readonly #text: string
  readonly #fields: Field[]
  readonly #names = new Map<string, number>()
  #at = 0
  #js = ''
  #onig = ''
  #isCommon = true
  readonly #capturesPlain: boolean
  /** The groups that are open: the number of an atomic one, otherwise -1. */
  readonly #groups: number[] = []
  #atomic = 0

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
    else if (char === ')') this.#close()
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
      const same = takeAt(SAME_ESCAPE, this.#text, this.#at)
      if (same !== null) this.#both(same[0], same[0].length)
      else this.#foreign(takeAt(ESCAPE, this.#text, this.#at)?.[0].length ?? 1)
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
    const [all, least = '', comma = '', most = ''] = takeAt(BOUNDS, this.#text, this.#at) ?? []
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
    this.#groups.push(-1)
    const [named, angled, quoted] = takeAt(NAMED, text, this.#at) ?? []
    const [same] = takeAt(SAME_GROUP, text, this.#at) ?? []
    if (named !== undefined) this.#named(named, angled ?? quoted ?? '')
    else if (same !== undefined) this.#both(same, same.length)
    else if (text.startsWith('(?#', this.#at)) {
      const end = text.indexOf(')', this.#at)
      if (end === -1) throw new GrokError('this comment has no ")"', text, this.#at)
      this.#at = end + 1
      this.#groups.pop()
    } else if (text.startsWith('(?>', this.#at) && !this.#capturesPlain) {
      // What is looked ahead at is not tried in another way, and then taken as it was.
      this.#groups[this.#groups.length - 1] = this.#atomic
      this.#js += `(?:(?=(?<a${this.#atomic++}>`
      this.#onig += '(?>'
      this.#at += 3
    } else if (text.startsWith('(?', this.#at)) this.#foreign(2)
    else this.#both(this.#capturesPlain ? '(' : '(?:', 1)
  }

  #close(): void {
    const atomic = this.#groups.pop() ?? -1
    this.#js += atomic === -1 ? ')' : `))\\k<a${atomic}>)`
    this.#onig += ')'
    this.#at++
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
    const [all, angled, quoted] = takeAt(BACKREF_NAME, this.#text, this.#at) ?? []
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

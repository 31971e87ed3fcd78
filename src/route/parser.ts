import { closest } from 'fastest-levenshtein'
import { type Field, MATCH_FLAGS, type MatchFlag, type Node, PATTERN_TYPES, type PatternType } from './ast.ts'
import { FilterError } from './filter-error.ts'
import { type Token, tokenize } from './lexer.ts'
import { allNames, codeOf, type PriorityPart } from './names.ts'
import { parseNetwork } from './network.ts'
import { FIELDS, FLAGS, FOREIGN, FUNCTIONS, TEXT_FIELDS } from './vocabulary.ts'

const MAX_DEPTH = 200

/**
 * Reads a filter of syslog-ng (lib/filter/filter-expr-grammar.ym): the expression alone, or a whole `filter name { … };`.
 *
 * `not` binds tightest, then `and`, then `or`; `;` is an `and` that binds least, and may also stand at the end or before
 * another operator (`program("a"); and host("b");`).
 * @throws FilterError
 */
export function parseFilter(text: string): Node {
  return new Parser(text).wholeFilter()
}

class Parser {
  readonly #text: string
  readonly #tokens: Token[]
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
  }

  wholeFilter(): Node {
    const block = this.#blockStart()
    const node = this.#expression(SEMICOLON)
    if (block) {
      this.#expectSign('}', 'and, or, ";" or "}"')
      while (this.#isSign(';')) this.#next++
      if (this.#peek().kind !== 'end') this.#fail('the end: one filter only')
    }
    if (this.#peek().kind !== 'end') this.#fail('and, or, ";" or the end')
    return node
  }

  /** `filter name {` or `filter {`, as in a syslog-ng.conf. */
  #blockStart(): boolean {
    const [first, second, third] = this.#tokens
    if (first?.text !== 'filter' || first.kind !== 'word') return false
    if (second?.text === '{' && second.kind === 'sign') this.#next = 2
    else if (third?.text === '{' && third.kind === 'sign' && second?.kind !== 'sign') this.#next = 3
    return this.#next > 0
  }

  /** Precedence climbing; every operator is left-associative. */
  #expression(least: number): Node {
    let left = this.#operand()
    for (;;) {
      const operator = this.#peek()
      const strength = strengthOf(operator)
      if (strength === undefined || strength < least) {
        const foreign = operator.kind === 'sign' || operator.kind === 'word' ? FOREIGN.get(operator.text) : undefined
        return foreign === undefined ? left : this.#failWith(foreign, operator)
      }
      this.#next++
      if (strength === SEMICOLON && !this.#startsOperand()) continue
      const right = this.#expression(strength + 1)
      left = { kind: strength === OR ? 'or' : 'and', left, right, at: left.at }
    }
  }

  #operand(): Node {
    if (++this.#depth > MAX_DEPTH) this.#failWith(`more than ${MAX_DEPTH} levels of brackets and not`, this.#peek())
    try {
      const token = this.#take()
      if (isWord(token, 'not')) return { kind: 'not', of: this.#operand(), at: token.start }
      if (token.kind === 'sign' && token.text === '(') {
        const inner = this.#expression(SEMICOLON)
        this.#expectSign(')', 'and, or, ";" or ")"')
        return inner
      }
      return this.#call(token)
    } finally {
      this.#depth--
    }
  }

  #call(token: Token): Node {
    // syslog-ng takes in_list and in-list for the same.
    const name = token.kind === 'word' ? token.text.replaceAll('_', '-') : ''
    const at = token.start
    const field = TEXT_FIELDS.get(name)
    if (field !== undefined) return this.#textCall(name, field, at)
    switch (name) {
      case 'facility':
        return this.#priorityCall('facility', at)
      case 'level':
      case 'severity':
      case 'priority':
        return this.#priorityCall('severity', at)
      case 'netmask':
      case 'netmask6':
        return this.#netmaskCall(name, at)
      case 'tags':
        return { kind: 'tags', names: this.#stringList('a tag').map((tag) => tag.text), at }
      case 'filter': {
        const of = this.#argument('the name of a filter')
        return { kind: 'filter', name: of.text, at }
      }
      default:
        return this.#unknownCall(name, token)
    }
  }

  #unknownCall(name: string, token: Token): never {
    const foreign = FOREIGN.get(name) ?? FOREIGN.get(this.#peek().text)
    if (foreign !== undefined) return this.#failWith(foreign, token)
    if (token.kind !== 'word' || strengthOf(token) !== undefined) {
      return this.#fail(`not, "(" or one of ${FUNCTIONS.join(' ')}`, token)
    }
    const lower = name.toLowerCase()
    const near = lower === 'msg' ? 'message()' : closest(`${lower}()`, [...FUNCTIONS, 'severity()', 'priority()'])
    return this.#failWith(`unknown function ${name}(): did you mean ${near}?`, token)
  }

  #textCall(call: string, field: Field, at: number): Node {
    this.#expectSign('(', '"("')
    const text = this.#string('a pattern')
    let type: PatternType = 'pcre'
    let subject = field
    const flags = new Set<MatchFlag>()
    while (!this.#isSign(')')) {
      const option = this.#take()
      if (isWord(option, 'type')) type = this.#patternType()
      else if (isWord(option, 'flags')) for (const flag of this.#stringList('a flag')) this.#addFlag(flags, flag)
      else if (isWord(option, 'value') && call === 'match') subject = this.#field()
      else if (isWord(option, 'value')) this.#failWith(`only match() has value(): ${call}() has its own`, option)
      else if (isWord(option, 'template')) this.#failWith('template() is not supported: write value()', option)
      else this.#fail(call === 'match' ? 'type(), flags(), value() or ")"' : 'type(), flags() or ")"', option)
    }
    this.#next++
    const pattern = { text: text.text, type, flags: MATCH_FLAGS.filter((flag) => flags.has(flag)) }
    return { kind: 'text', call, field: subject, pattern, patternAt: text.start, at }
  }

  #patternType(): PatternType {
    const token = this.#argument('a type')
    // syslog-ng has had no POSIX patterns of its own since 3.14: it reads them as PCRE.
    if (token.text === 'posix') return 'pcre'
    const type = PATTERN_TYPES.find((known) => known === token.text)
    return type ?? this.#failWith(`unknown type "${token.text}": there are ${PATTERN_TYPES.join(', ')}`, token)
  }

  #addFlag(flags: Set<MatchFlag>, token: Token): void {
    const flag = FLAGS.get(token.text.replaceAll('_', '-'))
    if (flag === undefined) this.#failWith(`unknown flag "${token.text}": there are ${MATCH_FLAGS.join(', ')}`, token)
    if (flag !== null) flags.add(flag)
  }

  #field(): Field {
    const token = this.#argument('the name of a value')
    const name = token.text.replace(/^\$/, '').replace(/^\{(.*)\}$/, '$1')
    const field = FIELDS.get(name)
    return field ?? this.#failWith(`unknown value "${token.text}": there are ${[...FIELDS.keys()].join(', ')}`, token)
  }

  #priorityCall(part: PriorityPart, at: number): Node {
    this.#expectSign('(', '"("')
    let codes = 0
    do {
      const from = this.#code(part)
      let to = from
      if (this.#isSign('..')) {
        this.#next++
        to = this.#code(part)
      }
      // Either order: level(info..err) is level(err..info).
      for (let code = Math.min(from, to); code <= Math.max(from, to); code++) codes |= 1 << code
    } while (!this.#isSign(')'))
    this.#next++
    return { kind: part, codes, at }
  }

  #code(part: PriorityPart): number {
    const token = this.#string(`a ${part}`)
    const code = codeOf(part, token.text)
    if (code !== undefined) return code
    if (/^\d+$/.test(token.text)) return this.#failWith(`no ${part} has the number ${token.text}`, token)
    const near = closest(token.text.toLowerCase(), allNames(part))
    return this.#failWith(`unknown ${part} "${token.text}": did you mean ${near}?`, token)
  }

  #netmaskCall(name: 'netmask' | 'netmask6', at: number): Node {
    const token = this.#argument('a network')
    const network = parseNetwork(token.text, name === 'netmask' ? 4 : 6)
    if (network !== null) return { kind: 'netmask', network, at }
    const examples = name === 'netmask' ? '"10.0.0.0/8" or "10.0.0.0/255.0.0.0"; IPv6 is for netmask6()' : '"fd00::/8"'
    return this.#failWith(`"${token.text}" is no network of ${name}(): write ${examples}`, token)
  }

  /** One string in brackets. */
  #argument(what: string): Token {
    this.#expectSign('(', '"("')
    const token = this.#string(what)
    this.#expectSign(')', '")"')
    return token
  }

  #stringList(what: string): Token[] {
    this.#expectSign('(', '"("')
    const list: Token[] = []
    while (!this.#isSign(')')) list.push(this.#string(`${what} or ")"`))
    this.#next++
    return list
  }

  #string(what: string): Token {
    const token = this.#take()
    if (token.kind === 'word' || token.kind === 'string') return token
    return this.#fail(what, token)
  }

  #expectSign(sign: string, what: string): void {
    if (!this.#isSign(sign)) this.#fail(what)
    this.#next++
  }

  #isSign(sign: string): boolean {
    const token = this.#peek()
    return token.kind === 'sign' && token.text === sign
  }

  #startsOperand(): boolean {
    const token = this.#peek()
    if (token.kind === 'sign') return token.text === '('
    return token.kind !== 'end' && strengthOf(token) === undefined
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', start: this.#text.length, end: this.#text.length }
  }

  #take(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next++
    return token
  }

  #fail(expected: string, token = this.#peek()): never {
    const came = token.kind === 'end' ? 'the end of the filter' : this.#text.slice(token.start, token.end)
    return this.#failWith(`expected ${expected}, came ${came}`, token)
  }

  #failWith(problem: string, token: Token): never {
    throw new FilterError(problem, this.#text, token.start)
  }
}

const SEMICOLON = 1
const OR = 2
const AND = 3

function strengthOf(token: Token): number | undefined {
  if (token.kind === 'sign' && token.text === ';') return SEMICOLON
  if (isWord(token, 'or')) return OR
  if (isWord(token, 'and')) return AND
  return undefined
}

function isWord(token: Token, text: string): boolean {
  return token.kind === 'word' && token.text === text
}

import type { Node } from './ast.ts'
import { globTest } from './glob.ts'
import { patternRegex, patternTest } from './matcher.ts'
import type { Rx } from './pcre/ast.ts'
import { canRunAway } from './pcre/hazard.ts'
import { parsePcre } from './pcre/parse.ts'

export type TextNode = Node & { kind: 'text' }

/** `example`: a text that matches although it probably should not, tried out; null where there is no such text. */
export interface Finding {
  meaning: string
  example: string | null
  /** What to write; null where the author has to know. */
  instead: string | null
}

type Rule = (node: TextNode, rx: Rx) => Finding | null

/** Programs whose names hold another's that they have nothing to do with. */
const LONGER_PROGRAMS =
  'anacron sudo rsyslogd cloud-init openntpd systemd-logind rpc.statd tftpd lighttpd rpcbind'.split(' ')
const PROBES = ['', 'sshd', 'web1.example.org', '10.0.0.1', '%-', 'ü x\ny']
/** Letters and what stands in names; everything else is a sign of pattern languages. */
const NAME = '[\\w./ -]'
const GLOB_LIKE = new RegExp(`^\\^?(?:${NAME}|(?<=[\\w/-])[*?])*\\$?$`)

/** What one pattern says beyond what its author probably meant: the first rule that fits. */
export function lintPattern(node: TextNode): Finding | null {
  if (node.pattern.type !== 'pcre') return signsOfAnotherType(node)
  const rx = parsePcre(node.pattern.text, { ignoreCase: false, anyNewline: false })
  for (const rule of RULES) {
    const finding = rule(node, rx)
    if (finding !== null) return finding
  }
  return null
}

/** Whether every text passes. */
export function matchesAll({ pattern }: TextNode): boolean {
  return pattern.type !== 'string' && PROBES.every(patternTest(pattern))
}

/** Whether no text can pass: as far as that is plain to see. */
export function matchesNone(node: TextNode): boolean {
  return (
    node.pattern.type === 'pcre' &&
    misplacedAnchor(node, parsePcre(node.pattern.text, { ignoreCase: false, anyNewline: false })) !== null
  )
}

function call({ call: name, field, pattern }: TextNode, text: string, type = ''): string {
  const quoted = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  const options = [
    type === '' ? '' : ` type("${type}")`,
    pattern.flags.length === 0 || type === 'glob' ? '' : ` flags("${pattern.flags.join('" "')}")`,
    name !== 'match' || field === 'match' ? '' : ` value("${field}")`,
  ]
  return `${name}("${quoted}"${options.join('')})`
}

function signsOfAnotherType(node: TextNode): Finding | null {
  const { type, text } = node.pattern
  const signs = type === 'glob' ? /\.\*|^\^|\$$|\||\\|\[.+\]/ : /\.\*|^\^|\$$|\*|\\/
  const sign = signs.exec(text)?.[0]
  if (sign === undefined || node.field === 'MESSAGE' || node.field === 'match') return null
  const special = type === 'glob' ? 'only * and ? are special in a glob' : 'nothing is special in a string'
  return { meaning: `${special}: this asks for the characters ${sign}`, example: null, instead: call(node, text) }
}

const everything: Rule = (node) => {
  if (!matchesAll(node)) return null
  return { meaning: 'this matches every text', example: 'anything', instead: null }
}

const globLike: Rule = (node) => {
  const { text } = node.pattern
  if (!GLOB_LIKE.test(text) || !/[*?]/.test(text.replaceAll(/\.[*?]/g, ''))) return null
  const regex = patternRegex(node.pattern)
  const without = text.replaceAll(/[\w/-][*?]/g, '').replaceAll(/[\^$]/g, '')
  const glob = text.replaceAll(/[\^$]/g, '')
  const isGlob = globTest(glob)
  const example =
    [...(text.includes('*') ? [`super${without}`] : []), without, `${without}x`].find(
      (each) => regex.test(each) && !isGlob(each),
    ) ?? null
  const [, char = '', sign = ''] = /([\w/-])([*?])/.exec(text) ?? []
  const count = sign === '*' ? `any number of "${char}", none included` : `a "${char}" that may be missing`
  const inText = node.field === 'MESSAGE' || node.field === 'match'
  const plain = text.replace(/\*$/, '')
  const start = /[*?]/.test(plain) || plain.startsWith('^') ? '' : ` or ${call(node, `^${plain}`)}`
  return {
    meaning: `a pattern, not a glob: "${char}${sign}" is ${count}${text.startsWith('^') ? '' : ', anywhere in the text'}`,
    example,
    instead: inText ? call(node, text.replaceAll(/[*?]/g, '\\$&')) : call(node, glob, 'glob') + start,
  }
}

interface Literal {
  text: string
  start: boolean
  end: boolean
  /** Where unescaped dots stand in `text`. */
  dots: number[]
}

/** A pattern of plain characters, dots and anchors, as most patterns are; null for any other. */
function literalOf(rx: Rx): Literal | null {
  const literal: Literal = { text: '', start: false, end: false, dots: [] }
  for (const item of rx.kind === 'sequence' ? rx.items : [rx]) {
    if (item.kind === 'char' && !literal.end) literal.text += String.fromCodePoint(item.code)
    else if (item.kind === 'set' && item.negated && item.ranges.length === 1 && !literal.end) {
      literal.dots.push(literal.text.length)
      literal.text += '.'
    } else if (item.kind === 'assertion' && item.what === 'start' && literal.text === '') literal.start = true
    else if (item.kind === 'assertion' && item.what === 'end') literal.end = true
    else return null
  }
  return literal
}

const dots: Rule = (node, rx) => {
  const literal = literalOf(rx)
  if (literal === null) return null
  const isAddress = /\d+\.\d+\.\d+/.test(literal.text)
  const at = literal.dots.find((dot) => /[a-z0-9-]\.[a-z0-9-]/i.test(literal.text.slice(dot - 1, dot + 2)))
  if (at === undefined || !(isAddress || node.field === 'HOST' || node.field === 'PROGRAM')) return null
  const example = `${literal.text.slice(0, at)}${isAddress ? '5' : 'x'}${literal.text.slice(at + 1)}`
  if (!patternTest(node.pattern)(example)) return null
  const escaped = [...literal.text].map((char, i) => (literal.dots.includes(i) ? '\\.' : char)).join('')
  const instead = call(node, `${literal.start ? '^' : ''}${escaped}${literal.end ? '$' : ''}`)
  return { meaning: 'an unescaped dot is any character', example, instead }
}

const longerNames: Rule = (node, rx) => {
  const literal = literalOf(rx)
  if (literal === null || literal.end || literal.text === '') return null
  const test = patternTest(node.pattern)
  const isHost = node.field === 'HOST' && /\d$/.test(literal.text)
  const candidates = isHost ? [`${literal.text}0`] : node.field === 'PROGRAM' ? LONGER_PROGRAMS : []
  const example = candidates.find((name) => name !== literal.text && !name.startsWith(`${literal.text}-`) && test(name))
  if (example === undefined) return null
  const meaning = literal.start ? 'names that go on also match' : 'it may stand anywhere in the text'
  return { meaning, example, instead: call(node, literal.text, 'string') }
}

const uselessEnds: Rule = (node) => {
  const { text } = node.pattern
  const shorter = text.replace(/^\^?\.\*\??/, '').replace(/(?<!\\)\.\*\??\$?$/, '')
  if (shorter === text || shorter === '' || /[|()]/.test(text)) return null
  const meaning = 'the pattern may match anywhere: ".*" at its ends changes nothing but the time it takes'
  return { meaning, example: null, instead: call(node, shorter) }
}

const misplacedAnchor: Rule = (_, rx) => {
  const items = rx.kind === 'sequence' ? rx.items : []
  const consuming = (item: Rx): boolean =>
    item.kind === 'char' || item.kind === 'set' || (item.kind === 'repeat' && item.min > 0)
  const isAnchor = (item: Rx, what: string): boolean => item.kind === 'assertion' && item.what === what
  const late = items.some((item, i) => isAnchor(item, 'start') && items.slice(0, i).some(consuming))
  const early = items.some((item, i) => isAnchor(item, 'end') && items.slice(i + 1).some(consuming))
  if (!late && !early) return null
  const meaning = late
    ? '"^" is the start of the text: nothing can stand before it'
    : '"$" is the end of the text: nothing can stand behind it'
  return { meaning: `${meaning}, so this never matches`, example: null, instead: null }
}

const wholeLine: Rule = (node, rx) => {
  const [head] = rx.kind === 'sequence' ? rx.items : []
  if (node.field !== 'match' || head?.kind !== 'assertion' || head.what !== 'start') return null
  const literal = literalOf(rx)
  const example = literal === null ? null : `${literal.text}d[1]: some text`
  return {
    meaning: 'match() without value() sees "program[pid]: message", so "^" stands before the program',
    example: example !== null && patternTest(node.pattern)(example) ? example : null,
    instead: call({ ...node, call: 'message' }, node.pattern.text),
  }
}

const runaway: Rule = (_, rx) => {
  if (!canRunAway(rx)) return null
  const meaning =
    'a repetition of a repetition can take very long on a text that nearly matches, and texts come from strangers'
  return { meaning, example: null, instead: 'repeat once only: a+ for (a+)+, or make the inner one possessive: (a++)+' }
}

const RULES: readonly Rule[] = [
  everything,
  misplacedAnchor,
  globLike,
  wholeLine,
  dots,
  longerNames,
  runaway,
  uselessEnds,
]

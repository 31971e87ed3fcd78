import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteMatcher } from './matcher.ts'
import { byBytes, byRegex, GIVEN_UP } from './testing.ts'

const ALPHABET = 'ab1 -\n'

/** Expressions of all that is supported; `loops` bounds how much may be repeated within what is repeated. */
const { expression } = fc.letrec<{ expression: string; piece: string; atom: string; quantified: string }>((tie) => ({
  expression: fc
    .array(
      fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((choices) => choices.join('|')),
  piece: fc.oneof({ maxDepth: 4, depthIdentifier: 'x' }, tie('atom'), tie('quantified')),
  quantified: fc
    .tuple(
      tie('atom'),
      fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,3}', '{2,}', '{0}', '{1,9}'),
      fc.constantFrom('', '', '?'),
    )
    .map(([atom, quantifier, lazy]) =>
      /^(?:\(\?<?[=!]|[$^]$|\\[bB]$)/.test(atom) ? atom : `${atom}${quantifier}${lazy}`,
    ),
  atom: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'x', withCrossShrink: true },
    { weight: 6, arbitrary: fc.constantFrom('a', 'b', '1', ' ', '-', 'ab', '\\n', '.') },
    {
      weight: 4,
      arbitrary: fc.constantFrom('[ab]', '[^a]', '[^b\\n]', '\\d', '\\w', '\\s', '\\S', '[a-z1]', '[^]', '[]', '\\x61'),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom('$', '\\b', '\\B', '(?![^\\n])', '(?<![^\\n])', '\\1', '\\2', '(?<!1)', '(?<=a)'),
    },
    { weight: 3, arbitrary: tie('expression').map((inner) => `(${inner})`) },
    { weight: 3, arbitrary: tie('expression').map((inner) => `(?:${inner})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('?=', '?!', '?<=', '?<!'), tie('expression'))
        .map(([look, inner]) => `(${look}${inner})`),
    },
  ),
}))
const sources = expression.map((source) => `^(?:${source})`)
const texts = fc.string({ unit: fc.constantFrom(...ALPHABET), maxLength: 12 })

describe('matches as RegExp does', () => {
  it('any expression on any text, the groups too', () => {
    let supported = 0
    let asked = 0
    let givenUp = 0
    fc.assert(
      fc.property(
        sources,
        fc.constantFrom('', 's', 'i', 'su', 'sv'),
        fc.array(texts, { minLength: 5, maxLength: 20 }),
        (source, flags, all) => {
          let regex: RegExp
          try {
            regex = new RegExp(source, flags)
          } catch {
            return
          }
          const matcher = byteMatcher(regex)
          if (matcher === null) return
          supported++
          const described = new RegExp(regex, `${flags}d`)
          asked += all.length
          for (const text of all) {
            const found = byBytes(matcher, text)
            if (found === GIVEN_UP) givenUp++
            else expect(found).toEqual(byRegex(described, text))
          }
        },
      ),
      { numRuns: 3000 },
    )
    expect(supported).toBeGreaterThan(1000)
    expect(givenUp).toBeLessThan(asked / 500)
  })

  it.each([
    // Each way of an alternative, and one that begins as another does.
    ['^(?:WARN|WARNING|(?:WAR)+) x', 'WARNING x'],
    // A loop that must give back, and one that need not.
    ['^(.*) from ([^ ]+) (\\d+)$', 'a from b from 10.0.0.1 from 7'],
    ['^(\\d+)(\\d{2})', '12345'],
    // Groups of earlier rounds are forgotten, those of a round that fails are not kept.
    ['^(?:(a)|(b)|(1))+', 'ab1b'],
    ['^(?:(a)b?)*', 'abaa1'],
    ['^(?:(a)(b))*a', 'ababa'],
    // Rounds that take nothing.
    ['^(a*)*', 'b'],
    ['^(?:a?)*?b', 'aab'],
    ['^(?:|a)+b', 'aab'],
    ['^(a*)?b', 'b'],
    ['^(?:a?){2,3}?b', 'ab'],
    // What was matched once is not matched otherwise.
    ['^(?:(?=(a+))\\1)ab', 'aaab'],
    ['^(?=(a+))\\1b', 'aaab'],
    ['^(?!(a)b)a(\\1)', 'ac'],
    // Backwards, the groups too.
    ['^(?:a|1)+(?<=(1+)(a*))', '11aa'],
    ['^.*(?<=\\.([a-z]{1,3}))', '/b.tar.gz'],
    ['^\\w+\\b-\\B.', 'ab--'],
    // Case.
    ['^xk[^a]', 'XKB', 'i'],
    ['^k\\w', 'K1', 'iu'],
    ['^[ſ]a', 'sa', 'iu'],
    ['^[[a-z]--b]+', 'aab', 'v'],
  ])('%s on %s', (source, text, flags = 's') => {
    const regex = new RegExp(source, flags)
    const matcher = byteMatcher(regex)
    if (matcher === null) throw new Error('not supported')
    for (let end = 0; end <= text.length; end++) {
      expect(byBytes(matcher, text.slice(0, end))).toEqual(byRegex(new RegExp(regex, `${flags}d`), text.slice(0, end)))
    }
  })

  it.each([
    ['^(?:ab|c)*d', 'ab'],
    ['^(?:ab|a|c)*d', 'abc'],
    ['^(?:(a)|(b)){2,}?$', 'ab'],
    ['^(?:[ab]{2,3}1)*-', 'ab1'],
    ['^(.*)(?=( b))(.*) a(?![^\\n])', ' b a'],
    ['^(?:[^-]*(?:-.[^-]*)*)$', '-ab'],
    ['^(?:(?:(a)b?)+1)+$', 'aba1'],
  ])('%s on 8 KiB of %s', (source, part) => {
    const matcher = byteMatcher(new RegExp(source, 's'))
    if (matcher === null) throw new Error('not supported')
    const long = part.repeat(8192 / part.length)
    const described = new RegExp(source, 'ds')
    let answers = 0
    for (const text of [long, `${long}d`, `${long}-`, `${long} b a`]) {
      const found = byBytes(matcher, text)
      if (found === GIVEN_UP) continue
      answers++
      expect(found).toEqual(byRegex(described, text))
    }
    expect(answers).toBeGreaterThan(0)
  })

  it.each([
    ['^(a+)+b', 'a'],
    ['^((?:a|b1?)*?1?)*$', 'b1a'],
    ['^(a|b|ab)*c', 'ab'],
    ['^(.*) (.*) (.*) (.*)b', 'a '],
    ['^(?:.*?a){12}c', 'aab'],
  ])('gives up where it would go back without end: %s on %s', (source, part) => {
    const matcher = byteMatcher(new RegExp(source, 's'))
    if (matcher === null) throw new Error('not supported')
    expect(byBytes(matcher, `${part.repeat(4000)}-`)).toBe(GIVEN_UP)
  })
})

describe('large expressions', () => {
  const words = Array.from({ length: 1000 }, (_, i) => `w${i}`)

  it.each([
    ['a thousand words, each captured', `^(?:${words.map((word) => `(${word})`).join('|')})$`, 'w999'],
    [
      'three hundred fields that may be absent',
      `^${words
        .slice(0, 300)
        .map((word) => `(?: ${word}=(.*))?`)
        .join('')}$`,
      ' w7=1 w8=2',
    ],
    ['loops in loops', `^${'(?:(a|b)*?'.repeat(5)}${'1)*'.repeat(5)}$`, 'ab1a11'],
    ['more than can be compiled: left to V8', `^${'(?:'.repeat(20_000)}a${')'.repeat(20_000)}`, null],
  ])('%s', (_, source, text) => {
    const regex = new RegExp(source, 'ds')
    const matcher = byteMatcher(new RegExp(source, 's'))
    if (text === null) expect(matcher).toBeNull()
    else if (matcher === null) throw new Error('not supported')
    else expect(byBytes(matcher, text)).toEqual(byRegex(regex, text))
  })
})

describe('leaves to V8', () => {
  it.each([
    ['what may match anywhere', 'a|^b'],
    ['a begin of the text further on', '^(?:[^]*?a^|)'],
    ['an expression with a state', '^a', 'g'],
    ['one that begins where the last match ended', '^a', 'y'],
    ['lines within the text', '^a$', 'm'],
    ['names', '^(?<a>b)'],
    ['flags of a group', '^(?i:a)'],
    ['a reference into a group that is open', '^(a\\1)'],
    ['a reference to what comes later', '^\\1(a)'],
    ['a reference that ignores case', '^(a)\\1', 'i'],
    ['a reference backwards', '^(a)(?<=\\1)b'],
    ['words of Unicode', '^\\bk', 'iu'],
    ['members of a class that are strings', '^[\\q{ab}]', 'v'],
    ['octal numbers', '^\\01'],
    ['a lookahead that is repeated', '^(?=a)*'],
  ])('%s', (_, source, flags = '') => {
    expect(byteMatcher(new RegExp(source, flags))).toBeNull()
  })
})

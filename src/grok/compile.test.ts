import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileGrok } from './compile.ts'
import { PatternLibrary } from './library.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })

/** Field to text, of the groups that took part. */
function captures(pattern: string, text: string, options = {}): Record<string, string> | null {
  const grok = compileGrok(pattern, library, options)
  const match = grok.regex.exec(text)
  if (match === null) return null
  return Object.fromEntries(
    grok.captures.flatMap(({ field, group }) => (match[group] === undefined ? [] : [[field, match[group]]])),
  )
}

describe('what Logstash users write', () => {
  test.each([
    [
      '%{IP:client} %{WORD:method} %{NUMBER:bytes}',
      '55.3.244.1 GET 15824',
      { client: '55.3.244.1', method: 'GET', bytes: '15824' },
    ],
    ['%{IP:[client][ip]}:%{INT:source.port:int}', '10.0.0.1:80', { 'client.ip': '10.0.0.1', 'source.port': '80' }],
    ['%{PAIR:pair=[a-c]{2}}-%{PAIR:second}', 'ab-cc', { pair: 'ab', second: 'cc' }],
    ['(?<queue_id>[0-9A-F]{10,11}): (?<[a][b]:int>\\d+)', 'BEF25A72965: 4', { queue_id: 'BEF25A72965', 'a.b': '4' }],
    ["(?'q'x)", 'x', { q: 'x' }],
    ['(?<=a)(?<b>b)|a(?<c>c)', 'ac', { c: 'c' }],
    ['(plain) %{INT:n}', 'plain 5', { n: '5' }],
    ['%{INT:@n} 100%{,2}', '5 100%%', { '@n': '5' }],
    ['%{GREEDYDATA:all}', 'one\ntwo', { all: 'one\ntwo' }],
    ['one$\\n^(?<b>two)', 'one\ntwo', { b: 'two' }],
  ])('%s', (pattern, text, wanted) => {
    expect(captures(pattern, text)).toEqual(wanted)
  })

  test('anchored at the start unless asked otherwise', () => {
    expect(captures('%{INT:n}', 'x 5')).toBeNull()
    expect(captures('a|%{INT:n}', 'x 5')).toBeNull()
    expect(captures('%{INT:n}', 'x 5', { anchored: false })).toEqual({ n: '5' })
    expect(captures('^%{INT:n}', '5')).toEqual({ n: '5' })
    expect(captures('\\A%{INT:n}', '5', { anchored: false })).toEqual({ n: '5' })
    expect(captures('^%{INT:n}', 'x\n5', { anchored: false })).toEqual({ n: '5' })
  })

  test('patterns without a field are captured when asked for', () => {
    expect(captures('%{INT} %{WORD:w}', '5 a', { namedCapturesOnly: false })).toMatchObject({ INT: '5', w: 'a' })
    expect(captures('%{INT} %{WORD:w}', '5 a')).toEqual({ w: 'a' })
  })

  test('captures know type, pattern and path', () => {
    const { captures } = compileGrok('%{INT:[a][b]:int} (?<x.y>.)', library)
    expect(captures).toEqual([
      { field: 'a.b', path: ['a', 'b'], type: 'int', pattern: 'INT', group: 1 },
      { field: 'x.y', path: ['x', 'y'], type: 'string', pattern: '', group: 2 },
    ])
  })
})

describe('Oniguruma', () => {
  test.each([
    ['(?>a+)ab', 'aaab', false],
    ['(?>a|ab)c', 'abc', false],
    ['(?>ab|a)c', 'abc', true],
    ['(?:(?>a|b(?>c+))d?)+e', 'adbccae', true],
    ['(?:(?>ab?))*bc', 'aababc', false],
    ['(x)(?>a)\\1', 'xax', true],
    ['a++ab', 'aaab', false],
    ['a*+b', 'aaab', true],
    ['a?+ab', 'ab', false],
    ['a{2}+b', 'aaaab', true],
    ['a{,2}b', 'aab', true],
    ['a{,2}b', 'aaab', false],
    ['[[:alpha:]_]+[[:digit:]]', 'ab_1', true],
    ['[^[:space:]]+$', 'a b', false],
    ['\\h+$', 'c0ffee', true],
    ['\\h', ' ', false],
    ['\\H', 'g', true],
    ['(?i)abc', 'aBC', true],
    ['a(?i:bc)d', 'aBCd', true],
    ['a(?i:bc)d', 'aBCD', false],
    ['(?x) a b # comment', 'ab', true],
    ['(?m:a.b)', 'a\nb', true],
    ['a(?#comment)b', 'ab', true],
    ['\\Aab\\z', 'ab', true],
    ['ab\\Z', 'ab\n', true],
    ['ab\\z', 'ab\n', false],
    ['\\Gab', 'ab', true],
    ['\\p{Lu}\\p{^Lu}', 'Äö', true],
    ['(?<a>.)(?<b>.)\\k<a>', 'xyx', true],
    ['(?<a>.)(?<b>.)\\k<a>', 'xyy', false],
    ['(.)(.)\\2', 'xyy', true],
    ['[a-z&&[^aeiou]]+$', 'xyz', true],
    ['[a-z&&[^aeiou]]+$', 'xyza', false],
    ['[]a]+$', ']a]', true],
    ['{a}', '{a}', true],
    ['a]', 'a]', true],
    ['\\s', '\u00a0', false],
    ['[\\s]', '\u00a0', false],
    ['\\S', '\u00a0', true],
    ['\\d', '\u0665', false],
    ['a**', 'aaa', true],
    ['\\R', '\r\n', true],
    ['\\/\\"\\-\\_\\ \\#', '/"-_ #', true],
  ])('%s on %j: %s', (pattern, text, wanted) => {
    const { regex } = compileGrok(pattern, library)
    expect(regex.test(text)).toBe(wanted)
    // No state is kept from one match to the next.
    expect(regex.test(text)).toBe(wanted)
  })

  test('bytes of UTF-8 are the character that they make', () => {
    expect(compileGrok('caf\\xC3\\xA9$', library).regex.test('café')).toBe(true)
    expect(compileGrok('[^\\x00-\\x7f]\\x{e9}\\u00e9$', library).regex.test('\x80éé')).toBe(true)
  })

  test('groups keep their fields when an atomic group needs one of its own', () => {
    expect(captures('(?<a>(?>x|xy)(?<b>y?))(?<c>z)', 'xyz')).toEqual({ a: 'xy', b: 'y', c: 'z' })
  })
})

describe('mistakes', () => {
  test.each([
    ['a %{INTT:x}', /no pattern %\{INTT\}; did you mean "INT"\? \(character 3: a %\{INTT:x\}\)/],
    ['%{A=%{A}}', /%\{A\} asks for itself: A → A/],
    ['%{INT:x:long}', /int, float or string, not "long"/],
    ['%{INT:a b}', /names no field/],
    ['(?<[a>x)', /names no field/],
    ['%{INT', /wanted: %\{NAME\}/],
    ['a[b', /"\[" has no "\]"/],
    ['(a', /Unclosed group/],
    ['a)', /Unmatched/],
    ['(?#', /comment has no/],
    ['\\k<none>', /no group "none"/],
    ['a\\x80', /\\x80 is a part of a character in UTF-8: write \\uHHHH or \\x\{HH\}/],
  ])('%s', (pattern, message) => {
    expect(() => compileGrok(pattern, library).regex).toThrow(message)
  })

  test('the definition in which it is', () => {
    const own = library.with({ OUTER: 'x %{MISSING}' })
    expect(() => compileGrok('%{OUTER}', own)).toThrow('character 3 of OUTER: x %{MISSING}')
  })

  test('a definition that grows without end', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => [`D${i + 1}`, `%{D${i}}%{D${i}}`])
    const own = library.with({ D0: 'xx', ...Object.fromEntries(doubling) })
    expect(() => compileGrok('%{D40}', own)).toThrow('too long')
  })
})

describe('literals', () => {
  test.each([
    ['Accepted %{WORD:m} for %{USER:u} from', ['Accepted ', ' for ', ' from']],
    ['%{WORD:m} failed: .* again', [' failed: ', ' again']],
    ['(?:one |two )three', ['three']],
    ['(?:Failed) x?', ['Failed ']],
    ['a\\] (?:"(b|c)")d', ['a] "', '"d']],
    ['(?:a%b)+c', ['a%bc']],
    ['(?:ab)+cd', ['abcd']],
    ['foo|barbar', []],
    ['(?i)abcdef', []],
    ['(?:abcdef)?ab', []],
    ['abcdef?', ['abcde']],
    ['(?!abcdef)x', []],
    ['[abcdef]x', []],
  ])('%s: %j', (pattern, literals) => {
    expect(compileGrok(pattern, library).literals.map(({ text }) => text)).toEqual(literals)
  })

  test.each([
    ['abc', 3],
    ['\\d{2,4}abc', 7],
    ['(?:x|y[ab]{3})?abc', 7],
    ['(?:x|yy)(?=aaa)z?\\babc', 6],
    ['(?:x%cd?)+', 3],
    ['(?:x%cd)+', 4],
    ['(?:abc){2}', 3],
    ['[a-z]{3}(?i:xy)abc', 8],
    ['(x){0}abc', 3],
    ['x*abc', Infinity],
    ['\\w+abc', Infinity],
    ['x{2,}abc', Infinity],
    ['(?:x|y*)abc', Infinity],
    ['(x)\\1abc', Infinity],
    ['x.*abc(?:abc)', Infinity],
  ])('%s: within %d characters', (pattern, within) => {
    expect(compileGrok(pattern, library).literals[0]).toMatchObject({ within })
  })

  test('stand where they are said to, in every text that matches', () => {
    const parts = ['a', 'bcd', '[xy]', '\\d', '.', '(?:ef|gh%)', '(?:a|b{2})', '(c)']
    const quantified = fc
      .tuple(fc.constantFrom(...parts), fc.constantFrom('', '', '?', '+', '*', '{2}', '{1,3}', '{2,}'))
      .map(([part, quantifier]) => (quantifier === '' || part.startsWith('(') ? part : `(?:${part})`) + quantifier)
    const patterns = fc.array(quantified, { minLength: 1, maxLength: 6 }).map((some) => some.join(''))
    fc.assert(
      fc.property(
        patterns.chain((pattern) => fc.tuple(fc.constant(pattern), fc.stringMatching(new RegExp(`^${pattern}$`)))),
        ([pattern, text]) => {
          for (const { text: literal, within } of compileGrok(pattern, library).literals) {
            const end = text.indexOf(literal) + literal.length
            expect(end, `${literal} in ${text}`).toBeGreaterThanOrEqual(literal.length)
            expect(end, `${literal} in ${text}`).toBeLessThanOrEqual(within)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileGrok } from '../grok/compile.ts'
import { PatternLibrary } from '../grok/library.ts'
import { Text } from '../grok/text.ts'
import { Chooser } from './chooser.ts'
import { readExpression } from './expression.ts'

const textOf = (text: string) => new Text().ofString(text)
const chooserOf = (...regexes: RegExp[]) => new Chooser(regexes.map(readExpression), (left) => left)

test.each([
  [/^Acc/, ['Acc', 'Accept', 'Accé'], ['', 'Ac', 'acc', 'Abc']],
  [/^(?:ab|cd)e/, ['abe', 'cdex'], ['ade', 'abd', 'ab']],
  [/^(?:ab|cd)?e/, ['e', 'abe'], ['abcde', 'ae']],
  [/^(?=x)[a-c]d/, ['ad', 'cd'], ['dd', 'aa']],
  [/^(a*)b{0,2}c/, ['c', 'aaac', 'abbc'], ['abbbc', 'aba']],
  [/^a{2,3}b/, ['aab', 'aaab'], ['ab', 'aaaab']],
  [/^(?:ab?){2}c/, ['aac', 'ababc'], ['abc', 'abbac']],
  [/^\d{1,20}:/, ['1:', '12345678901234567890'], [':', '123456789x']],
  [/^\[(x)\b y\/[\s\S]z/, ['[x y/\nz'], ['[x y/zy']],
  [/^(a)\1?b/, ['ab', 'aab', 'axyz'], ['b']],
  [/^(?i:a)b/, ['Ab', 'x'], []],
  [/^a[\w.]{0,200}Error(?:: |$)/, ['aError', 'aXError: x', 'aaaaaaaaaaaaaaaaaaaaaa'], ['a b', 'aErr: x']],
  [/^a\u0042\x43d/, ['aBCd'], ['aBC', 'bBCd', 'abCd', 'aBcd']],
  [/^(?: {2}|\t)+a/, ['  \ta'], ['x a', ' a']],
  [/^\p{L}\u{62}/u, ['ab'], ['a']],
  [/^.*x/, ['', 'y'], []],
  [/^/, [''], []],
  [/^a|b/, ['c'], []],
  [/a/, ['b'], []],
  [/^a[b-d]-/iu, ['aC-', 'AB-'], ['bC-', 'ae-', 'ab=']],
  [/^a/m, ['b'], []],
])('%s may fit %j and not %j', (regex, may, not) => {
  // One alone is not followed to its end.
  const chooser = chooserOf(regex, regex)
  for (const text of may) expect([...chooser.choose(textOf(text))], text).toEqual([0, 1])
  for (const text of not) expect([...chooser.choose(textOf(text))], text).toEqual([])
})

test('no expression of the library begins with a character, or a text, that it is said not to', () => {
  const library = PatternLibrary.load({ vocabulary: 'ecs' })
  const patterns = library.names().map((name) => {
    const { regex, literals } = compileGrok(`%{${name}:field}`, library)
    return { regex, literals, chooser: new Chooser([null, readExpression(regex)], (left) => left) }
  })
  const lines = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
    fc.ipV4(),
    fc.ipV6(),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.constantFrom(
      'Nov 23 03:14:21 h p[1]: x',
      '"quoted"',
      '-12.5 x',
      '<13>',
      'GET / HTTP/1.1',
      'http://a.b/c?d',
      '/var/log/x',
    ),
  )
  fc.assert(
    fc.property(fc.constantFrom(...patterns), lines, ({ regex, chooser, literals }, line) => {
      if (!regex.test(line)) return
      expect([...chooser.choose(textOf(line))]).toEqual([0, 1])
      for (const literal of literals) expect(line).toContain(literal)
    }),
    { numRuns: 2000 },
  )
})

test('of many expressions those are chosen, in order, that the text may fit', () => {
  const chooser = chooserOf(
    ...Array.from({ length: 70 }, (_, i) => new RegExp(`^${i % 7}x${i % 2 === 0 ? 'é?y' : 'z'}`)),
  )
  const chosen = (text: string) => [...chooser.choose(textOf(text))]
  for (const again of [1, 2]) {
    expect(chosen('3xy'), `${again}`).toEqual([10, 24, 38, 52, 66])
    expect(chosen('3xz')).toEqual([3, 17, 31, 45, 59])
    expect(chosen('3xzzzzz')).toEqual([3, 17, 31, 45, 59])
    expect(chosen('3xé')).toEqual([3, 10, 17, 24, 31, 38, 45, 52, 59, 66])
    expect(chosen('3x')).toEqual([])
    expect(chosen('7xy')).toEqual([])
  }
})

test('whatever texts come, those that fit are chosen', () => {
  const regexes = [/^[a-h]{3}(?:[a-d]x|[e-h]y){2,4}z/, /^(?:[a-h]?[b-g]?){8}z/, /^[aceg]*[bdfh]*z/]
  const chooser = chooserOf(...regexes)
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 15 }, (_, place) => 'abcdefghxyz'[(i * (place + 7) * 31 + place * i) % 11]).join(
      '',
    )
    const fitting = regexes.flatMap((regex, index) => (regex.test(text) ? [index] : []))
    expect([...chooser.choose(textOf(text))]).toEqual(expect.arrayContaining(fitting))
  }
})

test('what repeats itself is chosen whatever number of expressions stands before it', () => {
  for (let before = 0; before < 90; before++) {
    const chooser = chooserOf(...Array<RegExp>(before).fill(/^q?r/), /^(?:a|b|cd?)+e/, /^x/)
    expect([...chooser.choose(textOf('acdbacdbe'))], `${before}`).toEqual([before])
  }
})

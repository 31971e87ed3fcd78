import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileGrok } from '../grok/compile.ts'
import { PatternLibrary } from '../grok/library.ts'
import { Chooser } from './chooser.ts'
import { literalPrefix } from './literal-prefix.ts'
import { openingOf } from './opening.ts'

/** What can stand in each place, `.` for anything; up to where only anything follows. */
const possible = (regex: RegExp) =>
  openingOf(regex)
    ?.map((set) => {
      const codes = [...set.keys()].filter((code) => set[code] === 1)
      return codes.length === 128 ? '.' : codes.map((code) => String.fromCharCode(code)).join('')
    })
    .join(' ')
    .replace(/(?:^| )\.(?: \.)*$/, '') ?? null

test.each([
  [/^Acc/, 'A c c'],
  [/^(?:ab|cd)e/, 'ac bd e'],
  [/^(?:ab|cd)?e/, 'ace'],
  [/^(?=x)[a-c]d/, 'abc d'],
  [/^(a*)b{0,2}c/, 'abc'],
  [/^a{2}b/, 'a a b'],
  [/^a{2,3}b/, 'a a ab'],
  [/^(?:ab?){2}c/, 'a ab abc'],
  [/^\d{2}:/, '0123456789 0123456789 :'],
  [/^\[(x)\b y/, '[ x   y'],
  [/^(a)\1?b/, 'a'],
  [/^(?i:a)b/, ''],
  [/^a*/, ''],
  [/^/, ''],
  [/^a|b/, null],
  [/a/, null],
  [/^a/i, null],
])('%s begins with %j', (regex, wanted) => {
  expect(possible(regex)).toBe(wanted)
})

test('no expression of the library begins with a character, or a text, that it is said not to', () => {
  const library = PatternLibrary.load({ vocabulary: 'ecs' })
  const patterns = library.names().map((name) => {
    const { regex, literals } = compileGrok(`%{${name}:field}`, library)
    return { regex, literals, chooser: new Chooser([null, openingOf(regex)]), prefix: literalPrefix(regex) }
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
    fc.property(fc.constantFrom(...patterns), lines, ({ regex, chooser, prefix, literals }, line) => {
      if (!regex.test(line)) return
      expect([chooser.choose(line), ...chooser.chosen]).toEqual([2, 0, 1])
      expect(line.startsWith(prefix)).toBe(true)
      for (const literal of literals) expect(line).toContain(literal)
    }),
    { numRuns: 2000 },
  )
})

test('of many expressions those are chosen, in order, that the text may fit', () => {
  const regexes = Array.from({ length: 70 }, (_, i) => new RegExp(`^${i % 7}x${i % 2 === 0 ? 'é?y' : 'z'}`))
  const chooser = new Chooser(regexes.map(openingOf))
  const chosen = (text: string) => Array.from(chooser.chosen.subarray(0, chooser.choose(text)))
  expect(chosen('3xy')).toEqual([10, 24, 38, 52, 66])
  expect(chosen('3xz')).toEqual([3, 17, 31, 45, 59])
  expect(chosen('3x')).toEqual([3, 10, 17, 24, 31, 38, 45, 52, 59, 66])
  expect(chosen('3xé')).toEqual([3, 10, 17, 24, 31, 38, 45, 52, 59, 66])
  expect(chosen('7xy')).toEqual([])
})

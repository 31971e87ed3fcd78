import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileGrok } from '../grok/compile.ts'
import { PatternLibrary } from '../grok/library.ts'
import { firstCharacters } from './first-characters.ts'
import { literalPrefix, outerLiterals } from './literal-prefix.ts'

const possible = (regex: RegExp) => {
  const set = firstCharacters(regex)
  return set === null
    ? null
    : [...set.keys()]
        .filter((code) => set[code] === 1)
        .map((code) => String.fromCharCode(code))
        .join('')
}

test.each([
  [/^Accepted/, 'A'],
  [/^(?:ab|cd)?e/, 'ace'],
  [/^(?=x)[a-c]+/, 'abc'],
  [/^(a*)b{0,2}c/, 'abc'],
  [/^a{2}b/, 'a'],
  [/^\d\w/, '0123456789'],
  [/^\[(x)/, '['],
  [/^a*/, null],
  [/^/, null],
  [/a/, null],
  [/^a/i, null],
])('%s can begin with %j', (regex, wanted) => {
  expect(possible(regex)).toBe(wanted)
})

test('no expression of the library begins with a character, or a text, that it is said not to', () => {
  const library = PatternLibrary.load({ vocabulary: 'ecs' })
  const patterns = library.names().map((name) => {
    const { regex } = compileGrok(`%{${name}:field}`, library)
    return { regex, set: firstCharacters(regex), prefix: literalPrefix(regex), literals: outerLiterals(regex) }
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
    fc.property(fc.constantFrom(...patterns), lines, ({ regex, set, prefix, literals }, line) => {
      if (!regex.test(line)) return
      const first = line.charCodeAt(0)
      if (set !== null && first < 128) expect(set[first]).toBe(1)
      expect(line.startsWith(prefix)).toBe(true)
      for (const literal of literals) expect(line).toContain(literal)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  [/^a (?:bcd|efg)? user=(\w+) from +x/, [' user=', ' from']],
  [/^abc|def/, []],
  [/^abcd*ef{2}ghi\.j/, ['abc', 'ghi.j']],
  [/^[abc\]]\d\(pid=\x41/, ['(pid=']],
])('%s needs %j', (regex, wanted) => {
  expect(outerLiterals(regex)).toEqual(wanted)
})

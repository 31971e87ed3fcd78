import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MatchFlag } from './ast.ts'
import { globTest } from './glob.ts'
import { MATCHED_LENGTH, patternTest } from './matcher.ts'
import { PatternError } from './pcre/ast.ts'

const pcre = (text: string, flags: MatchFlag[] = []) => patternTest({ text, type: 'pcre', flags })

describe('PCRE in JavaScript', () => {
  test.each<[pattern: string, yes: string[], no: string[]]>([
    ['nova*', ['nova', 'supernov', 'novaaa'], ['no']],
    ['a++b', ['aab'], ['b']],
    ['^a++a', [], ['aaa']],
    ['^(?>ab|a)b', ['abb'], ['ab']],
    ['(?i)nova', ['NOVA'], []],
    ['a(?i)b|c', ['aB', 'C'], ['Ab']],
    ['(?i:a)b', ['Ab'], ['aB']],
    ['(?i)a(?-i)b', ['Ab'], ['AB']],
    ['(?i)[^a]x', ['bx'], ['ax', 'AX']],
    ['(?x) a b # c', ['ab'], ['a b']],
    ['[[:alpha:]]', ['é1a'], ['1é']],
    ['[[:^digit:]]', ['a1'], ['11']],
    ['[^\\W\\d]', ['a', '_'], ['1', '-']],
    ['[]a]', [']'], ['b']],
    ['[a-\\d]', ['-', '5'], ['b']],
    ['\\Qa.b*\\E+', ['a.b**'], ['axb']],
    ['(?P<x>a.)(?P=x)', ['abab'], ['abac']],
    ['(a)(b)\\g{-1}', ['abb'], ['aba']],
    ['\\h', ['\t', '\u00a0'], ['\n', 'a']],
    ['a\\Rb', ['a\r\nb', 'a\nb'], ['a b']],
    ['.', ['\r', '\u2028'], ['\n']],
    ['(?s)a.b', ['a\nb'], []],
    ['(?m)^b$', ['a\nb\nc'], ['a\rb']],
    ['^b', [], ['a\nb']],
    ['\\s', ['\v', ' '], ['\u00a0', '\ufeff']],
    ['a\\z', ['ba'], ['ab']],
    ['\\x{1F600}{2}', ['😀😀'], ['😀']],
    ['^\\p{Lu}', ['É'], ['é']],
    ['\\101\\x42\\x{43}\\o{104}\\cA\\e', ['ABCD\u0001\u001b'], []],
    ['a{,2}', ['a{,2}'], ['aa']],
    ['a/b', ['a/b'], []],
    ['', ['', 'x'], []],
    ['(*UTF8)ä', ['ä'], []],
    ['a(?#no)b', ['ab'], []],
    ['fo\\Ko', ['foo'], []],
  ])('%s', (pattern, yes, no) => {
    const test = pcre(pattern)
    expect(yes.filter((text) => !test(text))).toEqual([])
    expect(no.filter((text) => test(text))).toEqual([])
  })

  test.each([
    ['*nova', 0, 'nothing stands before this *'],
    ['a)', 1, 'has no "("'],
    ['(a', 0, 'has no ")"'],
    ['[a', 0, 'has no "]"'],
    ['a\\', 1, 'escapes nothing'],
    ['[z-a]', 1, 'runs backwards'],
    ['a{3,2}', 1, 'wrong order'],
    ['(?|a)', 0, 'not supported'],
    ['(?R)', 0, 'recursion'],
    ['(?(1)a)', 0, 'conditions'],
    ['(*SKIP)', 0, 'verbs'],
    ['\\1', 0, 'no group 1'],
    ['(a)?\\1', 4, 'may have taken no part'],
    ['(?:(a)|b)\\1', 9, 'may have taken no part'],
    ['\\y', 0, 'means nothing'],
    ['[[:nope:]]', 1, 'no class'],
    ['\\p{Nope}', 0, 'unknown'],
    ['('.repeat(300), 250, 'more than 250 groups'],
  ])('%s is a clear error', (pattern, offset, problem) => {
    try {
      pcre(pattern)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(PatternError)
      expect(error).toMatchObject({ offset, message: expect.stringContaining(problem) })
    }
  })

  test('flags("newline"): CR ends a line too', () => {
    expect(pcre('a.b')('a\rb')).toBe(true)
    expect(pcre('a.b', ['newline'])('a\rb')).toBe(false)
  })

  test('a quoted text matches itself and nothing else of its length', () => {
    fc.assert(
      fc.property(
        fc.string().filter((s) => !s.includes('\\E')),
        fc.string(),
        (text, other) => {
          expect(pcre(`^\\Q${text}\\E$`)(text)).toBe(true)
          expect(pcre(`^\\Q${text}\\E$`)(other)).toBe(text === other)
        },
      ),
    )
  })

  test('any text is either a pattern or a PatternError', () => {
    const pieces = fc.constantFrom(
      ...'a ( ) [ ] ^ $ . * + ? | \\ { } 1 , - : (? (?: (?= (?<! (?> [^ [: :] \\d \\Q \\E ä 😀'.split(' '),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((list) => list.join('')),
        ),
        (pattern) => {
          try {
            pcre(pattern)('some text')
          } catch (error) {
            expect(error).toBeInstanceOf(PatternError)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('sees the first 8 KiB of a text', () => {
    const end = pcre('end')
    expect(end(`${'x'.repeat(MATCHED_LENGTH - 3)}end`)).toBe(true)
    expect(end(`${'x'.repeat(MATCHED_LENGTH)}end`)).toBe(false)
  })

  test.each(['(a+)+$', 'a.*a.*a.*b', '(?:a|aa)+c', '^(\\w+\\s?)*$'])('%s ends soon over a hostile text', (pattern) => {
    // Without help from the engine these would take from minutes to the age of the universe.
    expect(pcre(pattern)(`${'a'.repeat(8000)}!`)).toBe(false)
  })
})

describe('globs', () => {
  test.each<[glob: string, yes: string[], no: string[]]>([
    ['nova*', ['nova', 'nova-api'], ['supernova', 'nov']],
    ['*nova', ['supernova'], ['nova-api']],
    ['*a*b*', ['xaxbx', 'ab'], ['ba']],
    ['n?va', ['nova', 'n😀va'], ['nva', 'noova']],
    ['[a]', ['[a]'], ['a']],
    ['', [''], ['a']],
    ['*', ['', 'a'], []],
    ['a\\*', ['a\\b'], ['a*']],
  ])('%s', (glob, yes, no) => {
    const test = globTest(glob)
    expect(yes.filter((text) => !test(text))).toEqual([])
    expect(no.filter((text) => test(text))).toEqual([])
  })

  test('say what the same pattern as a RegExp says', () => {
    const chars = fc.array(fc.constantFrom('a', 'b', '*', '?', '.'), { maxLength: 8 }).map((list) => list.join(''))
    const texts = fc.array(fc.constantFrom('a', 'b', '.', '😀'), { maxLength: 8 }).map((list) => list.join(''))
    fc.assert(
      fc.property(chars, texts, (glob, text) => {
        const regex = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
        expect(globTest(glob)(text)).toBe(new RegExp(`^${regex}$`, 'su').test(text))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('strings', () => {
  const string = (text: string, flags: MatchFlag[] = []) => patternTest({ text, type: 'string', flags })
  test('the whole text, unless flags say otherwise', () => {
    expect([string('nova')('nova'), string('nova')('nova-api'), string('nova')('NOVA')]).toEqual([true, false, false])
    expect([string('nova', ['prefix'])('nova-api'), string('nova', ['prefix'])('a-nova')]).toEqual([true, false])
    expect(string('nova', ['substring'])('supernova')).toBe(true)
    expect(string('NOVA', ['ignore-case'])('nova')).toBe(true)
    // ASCII letters only, as strcasecmp(3).
    expect(string('Ä', ['ignore-case'])('ä')).toBe(false)
  })
})

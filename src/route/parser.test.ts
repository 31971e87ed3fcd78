import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { FilterError } from './filter-error.ts'
import { parseFilter } from './parser.ts'

/** The tree in brackets: what binds to what. */
function tree(text: string): string {
  const write = (node: ReturnType<typeof parseFilter>): string => {
    if (node.kind === 'and' || node.kind === 'or') return `(${write(node.left)} ${node.kind} ${write(node.right)})`
    if (node.kind === 'not') return `not ${write(node.of)}`
    return node.kind === 'filter' ? node.name : node.kind
  }
  return write(parseFilter(text))
}

function failure(text: string): FilterError {
  try {
    parseFilter(text)
  } catch (error) {
    if (error instanceof FilterError) return error
    throw error
  }
  throw new Error(`no error for ${text}`)
}

function text(filter: string) {
  const node = parseFilter(filter)
  if (node.kind !== 'text') throw new Error(`${filter} is ${node.kind}`)
  return node
}

describe('what binds to what', () => {
  const [a, b, c, d] = ['filter(a)', 'filter(b)', 'filter(c)', 'filter(d)']
  test.each([
    [`not ${a} and ${b}`, '(not a and b)'],
    [`not (${a} and ${b})`, 'not (a and b)'],
    [`${a} or ${b} and ${c}`, '(a or (b and c))'],
    [`${a} and ${b} or ${c}`, '((a and b) or c)'],
    [`${a} or ${b} or ${c}`, '((a or b) or c)'],
    [`(${a} or ${b}) and ${c}`, '((a or b) and c)'],
    [`${a}; ${b} or ${c}; ${d};`, '((a and (b or c)) and d)'],
    [`${a}; and ${b};`, '(a and b)'],
    [`${a} or ${b}; and ${c} or ${d}`, '(((a or b) and c) or d)'],
    [`${a};; `, 'a'],
    [`filter f_x { ${a}; and ${b}; };`, '(a and b)'],
    [`filter { ${a} }`, 'a'],
    [`# before\n${a} # or ${b}\nand ${c}`, '(a and c)'],
  ])('%s', (filter, expected) => expect(tree(filter)).toBe(expected))
})

describe('strings', () => {
  test.each([
    ['program("a\\.b")', 'a.b'],
    ['program("a\\\\.b")', 'a\\.b'],
    ["program('a\\.b')", 'a\\.b'],
    ['program("\\x41\\o102\\t\\"")', 'AB\t"'],
    ['program("\\xc3\\xa9")', 'é'],
    ['program("a\\\nb")', 'ab'],
    ['program("a\nb")', 'a\nb'],
    ['program(nova-*)', 'nova-*'],
    ['host(10.0.0.1)', '10.0.0.1'],
    ['program("a # b; c")', 'a # b; c'],
  ])('%s', (filter, expected) => expect(text(filter).pattern.text).toBe(expected))
})

test('options, with commas or without, hyphens or underscores', () => {
  expect(text('program("a", type("glob"), flags("ignore_case" utf8, store-matches))').pattern).toEqual({
    text: 'a',
    type: 'glob',
    flags: ['ignore-case', 'utf8'],
  })
  expect(text('match("a" value("$MSG"))').field).toBe('MESSAGE')
  expect(text('match("a" type(posix))').pattern.type).toBe('pcre')
})

test('levels and facilities: names, numbers, lists, ranges in either order', () => {
  expect(parseFilter('level(info..err)')).toMatchObject({ kind: 'severity', codes: 0b1111000 })
  expect(parseFilter('severity(err..info)')).toMatchObject({ codes: 0b1111000 })
  expect(parseFilter('priority(emerg, 1 DEBUG)')).toMatchObject({ codes: 0b10000011 })
  expect(parseFilter('facility(local0..local7)')).toMatchObject({ kind: 'facility', codes: 0xff0000 })
  expect(parseFilter('facility(4)')).toMatchObject({ codes: 1 << 4 })
})

describe('errors say line, column and what was expected', () => {
  test.each([
    ['program()', 1, 9, 'expected a pattern, came )'],
    ['progam("x")', 1, 1, 'unknown function progam(): did you mean program()?'],
    ['msg("x")', 1, 1, 'unknown function msg(): did you mean message()?'],
    ['program("a") and\n  hots("b")', 2, 3, 'unknown function hots(): did you mean host()?'],
    ['host("a") host("b")', 1, 11, 'expected and, or, ";" or the end, came host'],
    ['(host("a")', 1, 11, 'expected and, or, ";" or ")", came the end of the filter'],
    ['level(inf)', 1, 7, 'unknown severity "inf": did you mean info?'],
    ['facility(24)', 1, 10, 'no facility has the number 24'],
    ['program("a" flags(icasee))', 1, 19, 'unknown flag "icasee"'],
    ['program("a" type(regex))', 1, 18, 'unknown type "regex"'],
    ['match("a" value("NOPE"))', 1, 17, 'unknown value "NOPE"'],
    ['program("a" value("HOST"))', 1, 13, 'only match() has value()'],
    ['host("a', 1, 6, 'this " has no closing "'],
    ["host('a", 1, 6, "this ' has no closing '"],
    ['netmask("10.0.0.0/33")', 1, 9, '"10.0.0.0/33" is no network of netmask()'],
    ['netmask("::1")', 1, 9, 'IPv6 is for netmask6()'],
    ['netmask("10.0.0.0/255.0.255.0")', 1, 9, 'is no network'],
    ['"$HOST" eq "x"', 1, 1, 'comparisons are not supported'],
    ['in_list("/x" value("HOST"))', 1, 1, 'in-list() is not supported'],
    ['filter f { host("a"); }; filter g { host("b"); };', 1, 26, 'one filter only'],
    ['', 1, 1, 'came the end of the filter'],
    [';', 1, 1, 'expected not, "("'],
    ['host("\\x00")', 1, 6, 'NUL'],
    ['('.repeat(300), 1, 201, 'more than 200 levels'],
  ])('%s', (filter, line, column, problem) => {
    const error = failure(filter)
    expect({ line: error.line, column: error.column }).toEqual({ line, column })
    expect(error.problem).toContain(problem)
  })

  test('with the line and a caret below the place, and the exit code of a bad config', () => {
    const error = failure('program("a") and\n\thots("b")')
    expect(error.message).toBe('line 2, column 2: unknown function hots(): did you mean host()?\n  \thots("b")\n  \t^')
    expect(error).toBeInstanceOf(UserError)
    expect(error.exitCode).toBe(78)
    expect(error.from('route "x"').message).toMatch(/^route "x", line 2, column 2: /)
  })
})

test('any text is either a filter or a FilterError', () => {
  const words = fc.constantFrom(
    ...'program ( ) "a" and or not ; level .. info , filter { } match value # \\ \' * 5'.split(' '),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((list) => list.join(' ')),
      ),
      (input) => {
        try {
          parseFilter(input)
        } catch (error) {
          expect(error).toBeInstanceOf(FilterError)
        }
      },
    ),
    { numRuns: 3000 },
  )
})

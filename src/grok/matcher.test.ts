import { expect, test } from 'vitest'
import { PatternLibrary } from './library.ts'
import { GrokMatcher, type MatcherOptions } from './matcher.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })
const match = (patterns: string | string[], text: string, options?: MatcherOptions) =>
  new GrokMatcher([patterns].flat(), library, options).match(text)
/** Fields have no prototype, so that no name can reach one. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('values are nested and typed', () => {
  const { fields } = match(
    '%{IP:[source][ip]} %{INT:[source][port]:int} %{NUMBER:took:float} %{WORD:w}',
    '10.0.0.1 22 0.5 x',
  )
  expect(plain(fields)).toEqual({ source: { ip: '10.0.0.1', port: 22 }, took: 0.5, w: 'x' })
})

test.each([
  ['12abc', 'int', 12],
  ['abc', 'int', 0],
  ['-7', 'int', -7],
  ['12345678901234567890', 'int', '12345678901234567890'],
  ['1.5e3x', 'float', 1500],
  ['-', 'float', 0],
])('%s as %s is %s, as Ruby has it', (text, type, wanted) => {
  expect(match(`(?<n:${type}>.*)`, text).fields.n).toBe(wanted)
})

test('the first pattern that matches ends it', () => {
  expect(match(['%{INT:n}', '%{WORD:a}', '%{NOTSPACE:b}'], 'x')).toMatchObject({ matched: true, pattern: 1, tags: [] })
  expect(plain(match(['%{WORD:a}', '%{NOTSPACE:b}'], 'x').fields)).toEqual({ a: 'x' })
})

test('without breakOnMatch all are tried, and two values are a list', () => {
  const { fields, pattern } = match(['%{INT:n}', '%{WORD:a}', '%{NOTSPACE:a}'], 'x', { breakOnMatch: false })
  expect(plain(fields)).toEqual({ a: ['x', 'x'] })
  expect(pattern).toBe(1)
})

test('a field twice in one pattern is a list; of alternatives it is the one that took part', () => {
  expect(plain(match('%{WORD:a} %{WORD:a} %{WORD:a}', 'x y z').fields)).toEqual({ a: ['x', 'y', 'z'] })
  expect(plain(match('(?:%{INT:a}|%{WORD:a})', 'x').fields)).toEqual({ a: 'x' })
})

test('empty captures are left out unless wanted', () => {
  const pattern = '(?<empty>)(?:(?<none>y)|x)(?<v>x?)'
  expect(plain(match(pattern, 'xx').fields)).toEqual({ v: 'x' })
  expect(plain(match(pattern, 'xx', { keepEmptyCaptures: true }).fields)).toEqual({ empty: '', none: null, v: 'x' })
})

test('no match is tagged', () => {
  expect(match('%{INT:n}', 'x')).toEqual({ matched: false, pattern: -1, fields: {}, tags: ['_grokparsefailure'] })
  expect(match('%{INT:n}', 'x', { tagOnFailure: [] }).tags).toEqual([])
})

test('patterns without a field are fields when asked for', () => {
  expect(plain(match('%{INT} %{WORD:w}', '5 x', { namedCapturesOnly: false }).fields)).toMatchObject({
    INT: '5',
    w: 'x',
  })
})

test('names that mean something to JavaScript are only names', () => {
  const { fields } = match('%{WORD:[__proto__][polluted]} %{WORD:constructor}', 'x y')
  expect(Object.getOwnPropertyNames(fields)).toEqual(['__proto__', 'constructor'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('a field that is a value can not have fields within it', () => {
  expect(plain(match('%{WORD:a} %{WORD:[a][b]}', 'x y').fields)).toEqual({ a: 'x' })
})

test('sees the first 8 KiB', () => {
  expect(match('x*(?<end>y)', `${'x'.repeat(8192)}y`).matched).toBe(false)
  expect(match('x*(?<end>y)', `${'x'.repeat(8191)}y`).matched).toBe(true)
})

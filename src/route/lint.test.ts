import { describe, expect, test } from 'vitest'
import { FilterError } from './filter-error.ts'
import { lintFilter, lintRoutes } from './lint.ts'
import { Router } from './router.ts'

const accepts = (filter: string, value: string): boolean => {
  const router = new Router({ routes: [{ name: 'yes', filter }], filters: {}, archive: null, outputs: [] })
  const plan = router.plan(value, value, 3, 6)
  const fields = { message: () => value, match: () => value, sender: '', tags: [] }
  return (plan.fixed ?? plan.decide(fields)).routes.includes('yes')
}

describe('warns of what says more than it probably means', () => {
  test.each<[filter: string, column: number, example: string | null, meaning: string, instead: string | null]>([
    ['program("nova*")', 9, 'supernov', 'a pattern, not a glob', 'program("nova*" type("glob")) or program("^nova")'],
    ['program("^nova*$")', 9, 'nov', 'not a glob', 'program("nova*" type("glob"))'],
    ['host("web-?")', 6, 'web', 'may be missing', 'host("web-?" type("glob"))'],
    ['message("/haproxy?stats")', 9, '/haproxstats', 'may be missing', 'message("/haproxy\\\\?stats")'],
    ['host("10.0.0.1")', 6, '1050.0.1', 'an unescaped dot is any character', 'host("10\\\\.0\\\\.0\\\\.1")'],
    [
      'message("from 10.0.0.1 port")',
      9,
      'from 1050.0.1 port',
      'unescaped dot',
      'message("from 10\\\\.0\\\\.0\\\\.1 port")',
    ],
    ['host("^db.example.org$")', 6, 'dbxexample.org', 'unescaped dot', 'host("^db\\\\.example\\\\.org$")'],
    ["host('10\\.0\\.0\\.1')", 6, '10.0.0.10', 'anywhere in the text', 'host("10.0.0.1" type("string"))'],
    ['host("controller1")', 6, 'controller10', 'anywhere in the text', 'host("controller1" type("string"))'],
    ['host("^controller1")', 6, 'controller10', 'names that go on', 'host("controller1" type("string"))'],
    ['program("cron")', 9, 'anacron', 'anywhere in the text', 'program("cron" type("string"))'],
    ['program("su" flags("ignore-case"))', 9, 'sudo', 'anywhere', 'program("su" type("string") flags("ignore-case"))'],
    ['program("")', 9, 'anything', 'matches every text', null],
    ['host(".*")', 6, 'anything', 'matches every text', null],
  ])('%s', (filter, column, example, meaning, instead) => {
    const [warning, ...more] = lintFilter(filter)
    expect(more).toEqual([])
    expect(warning).toMatchObject({ line: 1, column, example, instead, meaning: expect.stringContaining(meaning) })
    expect(accepts(filter, example ?? '')).toBe(true)
    if (instead !== null) expect(accepts(instead, example ?? '')).toBe(false)
  })
})

describe('warns of what says less, or nothing', () => {
  test.each([
    ['program("nova.*" type(glob))', 'only * and ? are special in a glob'],
    ['program("nova*" type(string))', 'nothing is special in a string'],
    ['message("^.*foo.*$")', '".*" at its ends changes nothing'],
    ['message("foo$bar")', 'never matches'],
    ['message("foo^bar")', 'never matches'],
    ['level(err) and level(info)', 'this filter never matches'],
    ['facility(mail) and not (level(info) or facility(mail))', 'this filter never matches'],
    ['tags()', 'this filter never matches'],
    ['level(err)', 'this is err alone'],
    ['match("^Failed")', 'match() without value() sees "program[pid]: message"'],
    ['message("haproxy\\?stats")', 'in double quotes \\? is only ?'],
    ['message("(a+)+$")', 'can take very long'],
    ['message("(\\\\w+\\\\s?)*x")', 'can take very long'],
    ['message("(?:a|ab)+$")', 'can take very long'],
  ])('%s', (filter, meaning) => {
    expect(lintFilter(filter).map((warning) => warning.meaning)).toEqual([expect.stringContaining(meaning)])
  })
})

test.each([
  'program("haproxy")',
  'program("^nova") and host("network")',
  'program("nova*" type(glob))',
  'host("controller1" type(string))',
  "host('^10\\.0\\.0\\.1$')",
  'message("GET /[a-z]+/\\\\d+")',
  'message("(\\\\d+\\\\.)+\\\\d")',
  'message("^(?:a++)+$")',
  'level(err..emerg)',
  'level(err) or level(crit)',
  'level(info)',
  'match("^Failed" value("MESSAGE"))',
  'filter(f_any)',
])('%s says what it means', (filter) => expect(lintFilter(filter)).toEqual([]))

test('the place is that of the pattern, and warnings come in order', () => {
  const warnings = lintFilter('program("sshd") and\n  host("10.0.0.1") or level(err)')
  expect(warnings.map(({ line, column }) => [line, column])).toEqual([
    [2, 8],
    [2, 23],
  ])
})

test('a filter that can not be read is an error, a bad pattern too', () => {
  expect(() => lintFilter('program(')).toThrow(FilterError)
  expect(() => lintFilter('program("(")')).toThrow(FilterError)
})

test('routes that no line can reach', () => {
  const warnings = lintRoutes([
    { name: 'copy', continue: true },
    { name: 'a', filter: 'program("x")' },
    { name: 'b', filter: "program( 'x' );" },
    { name: 'all', filter: 'level(debug..emerg)' },
    { name: 'c', filter: 'host("z")' },
  ])
  expect(warnings.map(({ route, meaning }) => [route, meaning])).toEqual([
    ['b', 'no line comes here: route "a" has the same filter'],
    ['c', 'no line comes here: route "all" takes all'],
  ])
})

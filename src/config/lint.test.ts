import { expect, it } from 'vitest'
import { lint } from './lint.ts'
import { readConfig } from './load.ts'

const base = 'receive: [{ udp: 0 }]\narchive: a/${host}.log\n'

function warnings(text: string): string[] {
  const { config, problems } = readConfig(text, {}, {})
  if (config === undefined) throw new Error(JSON.stringify(problems))
  return lint(config).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

it('has nothing to say of a plain config', () => {
  expect(
    warnings(`${base}routes: [{ name: a, filter: host("x"), continue: true }, { name: b, filter: host("x") }]`),
  ).toEqual([])
})

it('finds routes that no line reaches', () => {
  const text = `${base}
routes:
  - { name: a, filter: host("x") }
  - { name: b, filter: host("x") }
  - { name: c, continue: true }
  - { name: d }
  - { name: e, filter: host("y") }
`
  expect(warnings(text)).toEqual([
    'routes.1.filter: no line comes here: route "a" has the same filter',
    'routes.4.filter: no line comes here: route "d" takes all; try move it before "d"',
  ])
})

it('finds filters that nobody uses', () => {
  const text = `${base}
filters: { f_a: host("x"), f_b: filter(f_a), f_c: host("filter(f_d)"), f_d: host("y") }
routes: [{ name: a, filter: filter(f_b) }]
`
  expect(warnings(text)).toEqual([
    `filters.f_c: filter "f_c" is not used by any route`,
    `filters.f_d: filter "f_d" is not used by any route`,
  ])
})

it('finds lines that go nowhere', () => {
  expect(warnings('archive: a/${host}.log')).toEqual([': there are no inputs: nothing will be received'])
  expect(warnings('buffer: { redis: ["redis://buffer1"] }\ndeliver: [{ store: {} }]')).toEqual([])
  expect(warnings('receive: [{ udp: 0 }]')[0]).toContain('neither archive nor deliver')
  expect(warnings(`${base}routes: [{ name: a, archive: false }]`)).toEqual([
    `routes.0: route "a" keeps its lines nowhere; say drop: true if that is meant`,
  ])
})

it('finds patterns that say more than they seem to, with the place in the filter', () => {
  const text = `${base}
filters: { f_a: 'host("web") or program("nova*")' }
routes: [{ name: a, filter: 'filter(f_a) or program("nova*")' }]
`
  const { config } = readConfig(text, {}, {})
  const findings = config === undefined ? [] : lint(config)
  expect(findings).toMatchObject([
    { path: ['routes', 0, 'filter'], inside: { line: 1, column: 24 }, message: expect.stringContaining('supernov') },
    { path: ['filters', 'f_a'], inside: { line: 1, column: 24 }, message: expect.stringContaining('supernov') },
  ])
})

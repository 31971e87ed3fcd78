import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { editYaml } from './edit-yaml.ts'

const FILE = `# mine
patterns: [ {name: a,   match: 'x'} ]
samples:
  - line: one   # a comment
    expect: {a: 1, b: [x,  y], "c": "z"}
  - line: two
    expect:
      a: 'it''s'
`

test('only the values change', () => {
  const edited = editYaml(FILE, [
    { place: ['samples', 0, 'expect', 'a'], value: 'no, two' },
    { place: ['samples', 0, 'expect', 'b'], value: ['x', 'true'] },
    { place: ['samples', 1, 'expect', 'a'], value: null },
  ])
  expect(edited).toBe(
    FILE.replace('a: 1', 'a: "no, two"').replace('[x,  y]', '[ x, "true" ]').replace("a: 'it''s'", 'a: null'),
  )
})

test('a new value is written too, and comments stay', () => {
  const edited = editYaml(FILE, [{ place: ['samples', 0, 'expect', 'd.e'], value: { f: 'g' } }])
  expect(parse(edited).samples[0].expect).toEqual({ a: 1, b: ['x', 'y'], c: 'z', 'd.e': { f: 'g' } })
  expect(edited).toContain('# mine')
  expect(edited).toContain('# a comment')
})

test('a place that is not there is left out', () => {
  expect(editYaml(FILE, [{ place: ['samples', 7, 'expect', 'a'], value: 1 }])).toBe(FILE)
})

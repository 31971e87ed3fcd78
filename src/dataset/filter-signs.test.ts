import { expect, test } from 'vitest'
import { filterSigns } from './filter-signs.ts'

test.each([
  ['message("abc\\\\[x")', [{ text: 'abc[x', tagged: false }]],
  ['match("%(A|B)-[0-9]")', [{ text: '%', tagged: true }]],
  ['program("a") or message("from \\\\(pid=")', [{ text: 'from (pid=', tagged: false }]],
  [
    'not program("^$") or message("abc") or match("def")',
    [
      { text: 'abc', tagged: false },
      { text: 'def', tagged: true },
    ],
  ],
  ['host("h") and facility(4) and message("abc")', [{ text: 'abc', tagged: false }]],
  ['program("a") or message("abc" flags(ignore-case))', null],
  ['message("abc") or message("[a-c]")', null],
  ['not message("abc")', null],
  ['message("abc" type(glob))', null],
  ['message("abc") or netmask(10.0.0.0/8)', null],
  ['program("a")', []],
])('%s', (filter, signs) => {
  expect(filterSigns(filter)).toEqual(signs)
})

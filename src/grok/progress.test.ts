import { expect, test } from 'vitest'
import { PatternLibrary } from './library.ts'
import { progressMeter } from './progress.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })

test.each([
  ['%{IP:a} %{INT:b} %{WORD:c}', '10.0.0.1 abc def', 9],
  ['^%{IP:a} %{INT:b}', '10.0.0.1 5', 10],
  ['Accepted %{WORD:m} for', 'Accepted password to root', 18],
  ['abc|abd%{INT:n}|x', 'abd-', 3],
  ['(?:a|b){2}c', 'abd', 2],
  ['%{INT:n}', 'x', 0],
  ['', 'x', 0],
])('%s gets through %s as far as character %i', (pattern, text, wanted) => {
  expect(progressMeter(pattern, library)(text)).toBe(wanted)
})

import { expect, test } from 'vitest'
import { PatternLibrary } from './library.ts'
import { ProgressMeter } from './progress.ts'

const meter = new ProgressMeter(PatternLibrary.load({ vocabulary: 'ecs' }))

test.each([
  ['%{IP:a} %{INT:b} %{WORD:c}', '10.0.0.1 abc def', 9, '%{INT:b}'],
  ['^%{IP:a} %{INT:b}', '10.0.0.1 5', 10, ''],
  ['Accepted %{WORD:m} for', 'Accepted password to root', 18, 'for'],
  ['abc|abd%{INT:n}|x', 'abd-', 4, '%{INT:n}'],
  ['(?:a|b){2}c', 'abd', 2, 'c'],
  ['%{INT:n}', 'x', 0, '%{INT:n}'],
  ['', 'x', 0, ''],
  // What a piece has taken it gives back.
  ['%{NOTSPACE:unit}: %{DATA:state} at %{INT:n}$', 'a.service: is up at noon', 20, '%{INT:n}'],
  ['%{DATA:a}\\]: %{WORD:b}=%{INT:c}', 'x [y]: size=big', 12, '%{INT:c}'],
  // Into what a piece is made of.
  ['(?:from %{IP:a} port %{INT:b})+', 'from 10.0.0.1 port x', 19, '%{INT:b}'],
  ['%{HTTPDATE:t} x', '10/Oct/2000:13:55:36 UTC', 21, '%{HTTPDATE:t}'],
  ['%{HTTPDATE} x', '10/Oct/2000:13:55:36 UTC', 21, '%{INT}'],
])('%s gets through %s as far as character %i, where %j is wanted', (pattern, text, offset, wanted) => {
  expect(meter.measure(pattern, text)).toEqual({ offset, wanted })
})

test('only the beginning of a long text is looked at', () => {
  expect(meter.measure('(?<a>x*)y', 'x'.repeat(100_000))).toEqual({ offset: 512, wanted: 'y' })
})

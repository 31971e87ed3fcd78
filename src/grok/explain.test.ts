import { describe, expect, test } from 'vitest'
import { explain } from './explain.ts'
import { PatternLibrary } from './library.ts'
import { choicesOf } from './pieces.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })

test('a line that matches needs no explanation', () => {
  expect(explain('%{IP:a} %{INT:b}', library, '10.0.0.1 5')).toBeNull()
})

describe('where it stopped, and in what', () => {
  test.each([
    ['%{IP:a} %{INT:b} %{WORD:c}', '10.0.0.1 abc def', 9, '%{INT:b}'],
    ['Accepted %{WORD:m} for', 'Accepted password to root', 18, 'for'],
    ['%{INT:a}', '', 0, '%{INT:a}'],
    ['^%{INT:a} %{INT:b}', '5 x', 2, '%{INT:b}'],
    ['%{SYSLOGBASE} x', 'Dec  9 13:61:26 host prog[1]: x', 10, '%{MINUTE}'],
    ['a(?:b|cd)e', 'acxe', 2, 'd'],
    ['a(?:-|%{INT:n})', 'ax', 1, '%{INT:n}'],
    ['%{IP:a}(?: %{INT:b}){3} end', '1.2.3.4 1 2 x end', 12, '%{INT:b}'],
    ['x|%{INT:n} %{WORD:w}', '5 -', 2, '%{WORD:w}'],
    ['(?<n>\\d+) [ab]', '5 c', 2, '[ab]'],
    ['%{WORD:w}(?! x)$', 'a x', 1, '(?! x)'],
    ['a\\[b', 'a[c', 2, 'b'],
  ])('%s on %s', (pattern, line, offset, wanted) => {
    const explanation = explain(pattern, library, line)
    expect(explanation).toMatchObject({ offset, next: line.slice(offset, offset + 30) })
    expect(explanation?.way.some((piece) => piece.startsWith(wanted))).toBe(true)
  })
})

describe('what to change', () => {
  test.each([
    ['%{IP:a} %{INT:b}', '10.0.0.1  5', /line has a blank .* whole pattern fits/],
    ['a b', 'ab', /pattern has a blank .* whole pattern fits/],
    ['%{IP:a} %{INT:b} %{WORD:c}', '10.0.0.1 abc def', /with %\{WORD\} in place of %\{INT:b\} the whole/],
    ['%{INT:b}', 'x 5', /fits from character 3 on/],
    ['%{INT:a} %{INT:b}', '5', /the line ends here/],
    ['%{WORD:a}(?: %{INT:n})%{GREEDYDATA:rest}', 'x y', /without %\{INT:n\} the rest fits/],
    ['Accepted %{WORD:m} for', 'Accepted password to root', /%\{WORD\} would match/],
  ])('%s on %s', (pattern, line, suggestion) => {
    expect(explain(pattern, library, line)?.suggestion).toMatch(suggestion)
  })
})

test('the pieces of a pattern, put together, are the pattern', () => {
  const names = library.names()
  for (const name of names) {
    const pattern = library.get(name) ?? ''
    expect(
      choicesOf(pattern)
        .map((pieces) => pieces.map(({ text }) => text).join(''))
        .join('|'),
    ).toBe(pattern)
  }
  expect(names.length).toBeGreaterThan(200)
})

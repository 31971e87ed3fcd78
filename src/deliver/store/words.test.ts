import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { include } from './applied.ts'
import { severitiesOf } from './levels.ts'
import { bar, harmless, hitLine } from './print.ts'
import { parseText } from './text.ts'
import { durationOf, parseWhen } from './when.ts'

describe('search text', () => {
  test('words, phrases and exclusions', () => {
    expect(parseText(' one  "two words" -three -"four five" ')).toEqual([
      { text: 'one', exclude: false },
      { text: 'two words', exclude: false },
      { text: 'three', exclude: true },
      { text: 'four five', exclude: true },
    ])
  })

  test('what looks like syntax and is none is text', () => {
    expect(parseText('host:web1 a-b "unclosed - key="a b"').map(({ text }) => text)).toEqual([
      'host:web1',
      'a-b',
      '"unclosed',
      '-',
      'key="a',
      'b"',
    ])
    expect(parseText('')).toEqual([])
  })
})

describe('levels', () => {
  test('a name means that level and worse, = that level alone', () => {
    expect(severitiesOf('warning')).toEqual([0, 1, 2, 3, 4])
    expect(severitiesOf('=info')).toEqual([6])
    expect(severitiesOf('crit,=debug')).toEqual([0, 1, 2, 7])
    expect(severitiesOf('1')).toEqual([0, 1])
    expect(() => severitiesOf('loud')).toThrow('"loud"')
  })
})

describe('times', () => {
  const now = new Date(2026, 10, 23, 12, 30).getTime()
  test.each([
    ['now', now],
    ['15m ago', now - 900_000],
    ['-1h', now - 3_600_000],
    ['today', new Date(2026, 10, 23).getTime()],
    ['yesterday', new Date(2026, 10, 22).getTime()],
    ['9:05', new Date(2026, 10, 23, 9, 5).getTime()],
    ['2026-11-20', new Date(2026, 10, 20).getTime()],
    ['2026-11-20 10:00', new Date(2026, 10, 20, 10).getTime()],
    ['2026-11-20T10:00:00.5Z', Date.UTC(2026, 10, 20, 10, 0, 0, 500)],
    ['2026-11-20T10:00:00+02:00', Date.UTC(2026, 10, 20, 8)],
  ])('%s', (text, expected) => expect(parseWhen(text, now)).toBe(expected))

  test.each(['', 'soon', '25:00', '2026-02-30', '1 fortnight ago'])('%j is no time', (text) =>
    expect(() => parseWhen(text, now)).toThrow('is no time'),
  )

  test('durations', () => {
    expect(durationOf('90s')).toBe(90_000)
    expect(durationOf('1.5h')).toBe(5_400_000)
    expect(durationOf('1')).toBeUndefined()
  })
})

test('ranges hold exactly the numbers put in, in as few rows as possible', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (numbers) => {
      const ranges: [number, number][] = []
      for (const number of numbers) {
        const [first, last] = include(ranges, number)
        expect(first <= number && number <= last).toBe(true)
      }
      const held = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n))
      expect(held).toEqual([...new Set(numbers)].sort((a, b) => a - b))
      const gaps = held.filter((number, index) => index > 0 && number !== (held[index - 1] ?? 0) + 1).length
      expect(ranges.length).toBe(held.length === 0 ? 0 : gaps + 1)
    }),
  )
})

describe('output for people', () => {
  test('no control character of a message reaches the terminal', () => {
    const hostile = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(hostile, (text) => {
        expect(harmless(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
      }),
    )
    const event = { id: 'i', time: 0, level: '\x1b[2J', dataset: null, route: null, doc: '{}' }
    const line = hitLine({ ...event, host: 'a\x07', program: 'p\r', message: '\x1b]0;owned\x07' }, false)
    expect(line).toMatch(/ \\x1b\[2J a\\x07 p\\x0d: \\x1b\]0;owned\\x07$/)
  })

  test('bars compare with the greatest count', () => {
    expect(bar('a', 10, 10, 4)).toMatch(/ {8}10 ████$/)
    expect(bar('b', 0, 10, 4)).toMatch(/0$/)
  })
})

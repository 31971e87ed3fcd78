import { describe, expect, test } from 'vitest'
import { Aside } from './aside.ts'
import { Captures } from './captures.ts'
import { type Culprit, Guard, type Guarded } from './guard.ts'
import { Text } from './text.ts'

const pattern = (name: string, regex: RegExp): Guarded => ({
  name,
  matches(text, captures) {
    const match = regex.exec(text.string)
    if (match !== null) captures.take(match)
    return match !== null
  },
  timedOut: 0,
  aside: null,
})
const captures = new Captures()
const exec = (guard: Guard, pattern: Guarded, line: string, program: string, now: number) =>
  guard.matches(pattern, new Text().ofString(line), captures, program, now)
/** Look-ahead: V8's linear engine can't help. */
const runaway = () => pattern('runaway', /^(a+)+(?!b)$/)
const words = pattern('words', /^(\w+) (\w+)/)
const HOSTILE = `${'a'.repeat(60)}!`

/** What became of each line when both patterns are tried on it. */
function match(guard: Guard, first: Guarded, lines: string[], program: (item: number) => string = () => 'p') {
  const found: { text: string | null; gaveUp: boolean }[] = []
  const now = Date.now()
  guard.run(lines.length, (item) => {
    const line = lines[item] ?? ''
    const matches = exec(guard, first, line, program(item), now) || exec(guard, words, line, program(item), now)
    found[item] = { text: matches ? line : null, gaveUp: guard.gaveUp }
  })
  return found
}

describe('a pattern that runs away', () => {
  test('is named and set aside; the other lines of the batch are matched', () => {
    const culprits: Culprit[] = []
    const guard = new Guard({ limitMillis: 50, onCulprit: (culprit) => culprits.push(culprit) })
    const bad = runaway()
    const lines = Array.from({ length: 100 }, (_, i) => (i === 40 || i === 60 ? HOSTILE : `line ${i}`))
    const found = match(guard, bad, lines)

    expect(culprits).toHaveLength(1)
    expect(culprits[0]).toMatchObject({ pattern: { name: 'runaway', timedOut: 1 }, program: 'p', text: HOSTILE })
    expect(culprits[0]?.cpuMillis).toBeGreaterThan(5)
    expect(found.map(({ text }) => text)).toEqual(lines.map((line) => (line === HOSTILE ? null : line)))
    expect(found.findIndex(({ gaveUp }) => gaveUp)).toBe(40)
    expect(found.slice(41).every(({ gaveUp }) => gaveUp)).toBe(true)
  })

  test('can be stopped within what is guarded already', () => {
    const guard = new Guard({ limitMillis: 5_000 })
    const seen: (number | boolean)[] = []
    guard.run(2, (item) => {
      seen.push(
        item,
        guard.limited(20, () => /^(a+)+(?!b)$/.test(HOSTILE)),
      )
    })
    expect(seen).toEqual([0, false, 1, false])
    expect(guard.stops).toBe(0)
  })

  test('goes on for other programs', () => {
    const guard = new Guard({ limitMillis: 50 })
    const bad = runaway()
    const found = match(guard, bad, [HOSTILE, 'aaa', 'aaa'], (item) => (item === 2 ? 'other' : 'p'))
    expect(found).toEqual([
      { text: null, gaveUp: true },
      { text: null, gaveUp: true },
      { text: 'aaa', gaveUp: false },
    ])
  })
})

test('a step that is slow for other reasons is done, and nobody is blamed', () => {
  const culprits: Culprit[] = []
  const guard = new Guard({ limitMillis: 20, onCulprit: (culprit) => culprits.push(culprit) })
  const done = new Set<number>()
  guard.run(3, (item) => {
    exec(guard, words, 'one two', 'p', Date.now())
    const { user } = process.threadCpuUsage()
    while (item === 1 && process.threadCpuUsage(undefined).user - user < 60_000);
    done.add(item)
  })
  expect([...done]).toEqual([0, 1, 2])
  expect(culprits).toEqual([])
})

test('what a step throws is thrown', () => {
  const guard = new Guard()
  expect(() =>
    guard.run(1, () => {
      throw new Error('broken')
    }),
  ).toThrow('broken')
})

describe('how long a pattern is set aside', () => {
  test('doubles, up to a day', () => {
    const aside = new Aside(600_000)
    expect(aside.covers('p', 0)).toBe(false)
    expect(aside.add('p', 0)).toBe(600_000)
    expect(aside.covers('p', 599_999)).toBe(true)
    expect(aside.covers('p', 600_000)).toBe(false)
    expect(aside.covers('q', 0)).toBe(false)
    expect(aside.add('p', 1_000_000)).toBe(2_200_000)
    for (let i = 0; i < 100; i++) aside.add('p', 0)
    expect(aside.add('p', 0)).toBe(86_400_000)
  })

  test('names without end do not fill the memory: then it is set aside for all', () => {
    const aside = new Aside(1000)
    for (let i = 0; i < 100; i++) aside.add(`p${i}`, 0)
    expect(aside.covers('another', 0)).toBe(false)
    aside.add('one more', 0)
    expect(aside.covers('another', 0)).toBe(true)
  })
})

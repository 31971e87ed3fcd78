import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatIndex } from '../../lane/index-name.ts'
import { type KeptIndex, periodOf, planRetention } from './retention-plan.ts'

const DAY = 86_400_000
const GB = 2 ** 30
const noon = (day: string) => Date.parse(`${day}T12:00:00Z`)
const now = noon('2026-11-23')

function day(date: string, bytes = GB): KeptIndex {
  const from = Date.parse(date)
  return { name: `syslog-${date}`, from, to: from + DAY, bytes, events: 1 }
}

const WEEK = ['17', '18', '19', '20', '21', '22', '23'].map((n) => day(`2026-11-${n}`))
const names = (removals: { index: KeptIndex }[]) => removals.map(({ index }) => index.name)

test('`days` keeps so many whole days besides today', () => {
  const { gone, held } = planRetention(WEEK, { days: 3 }, { now })
  expect(names(gone)).toEqual(['syslog-2026-11-17', 'syslog-2026-11-18', 'syslog-2026-11-19'])
  expect(held).toEqual([])
})

test('`size` takes the oldest days until the rest fits, however the cluster lists them', () => {
  const plan = planRetention(WEEK.toReversed(), { size: 5 * GB }, { now })
  expect(names(plan.gone)).toEqual(['syslog-2026-11-17', 'syslog-2026-11-18'])
  expect(plan).toMatchObject({ before: 7 * GB, after: 5 * GB })
})

test('without rules nothing goes', () => {
  expect(planRetention(WEEK, {}, { now }).gone).toEqual([])
})

test('today stays, whatever the size', () => {
  const { gone, held } = planRetention([day('2026-11-23', 100 * GB)], { size: GB }, { now })
  expect(gone).toEqual([])
  expect(names(held)).toEqual(['syslog-2026-11-23'])
})

test('days that events in the buffer may belong to are held, older ones go', () => {
  const { gone, held } = planRetention(WEEK, { size: GB }, { now, oldest: noon('2026-11-20') })
  expect(names(gone)).toEqual(['syslog-2026-11-17', 'syslog-2026-11-18', 'syslog-2026-11-19'])
  expect(names(held)).toEqual(['syslog-2026-11-20', 'syslog-2026-11-21', 'syslog-2026-11-22'])
})

test('an event of shortly after midnight may still belong to the day before', () => {
  const { gone } = planRetention(WEEK, { size: GB }, { now, oldest: Date.parse('2026-11-20T00:30:00Z') })
  expect(names(gone)).toEqual(['syslog-2026-11-17', 'syslog-2026-11-18'])
})

test('any plan: the oldest, none that is needed, and no more than the rules ask for', () => {
  const indices = fc.uniqueArray(fc.record({ age: fc.integer({ min: -2, max: 40 }), bytes: fc.nat(GB) }), {
    selector: ({ age }) => age,
  })
  const rules = fc.record({ days: fc.integer({ min: 1, max: 30 }), size: fc.nat(20 * GB) }, { requiredKeys: [] })
  fc.assert(
    fc.property(indices, rules, fc.nat(40), (ages, rules, waiting) => {
      const today = Math.floor(now / DAY)
      const all = ages.map(({ age, bytes }): KeptIndex => {
        const from = (today - age) * DAY
        return { name: String(from), from, to: from + DAY, bytes, events: 0 }
      })
      const oldest = now - waiting * DAY
      const { gone, after } = planRetention(all, rules, { now, oldest })
      const going = new Set(names(gone))
      const left = all.filter(({ name }) => !going.has(name))
      for (const { index } of gone) {
        expect(index.to).toBeLessThanOrEqual(Math.min(now, oldest))
        for (const other of left) expect(other.from).toBeGreaterThan(index.from)
      }
      expect(after).toBe(left.reduce((sum, { bytes }) => sum + bytes, 0))
      // The last one that goes by size was needed to get below the limit.
      const last = gone.filter(({ rule }) => rule === 'size').at(-1)
      if (last !== undefined) expect(after + last.index.bytes).toBeGreaterThan(rules.size ?? 0)
    }),
  )
})

test.each([
  ['syslog-%Y.%m.%d', 'syslog-2026.11.23', '2026-11-23', '2026-11-24'],
  ['%d-%m-%Y-logs', '29-02-2028-logs', '2028-02-29', '2028-03-01'],
  ['syslog-%Y.%m', 'syslog-2026.12', '2026-12-01', '2027-01-01'],
  ['syslog-%Y', 'syslog-2026', '2026-01-01', '2027-01-01'],
])('%s: %s is from %s to %s', (pattern, name, from, to) => {
  expect(periodOf(pattern, name)).toEqual({ from: Date.parse(from), to: Date.parse(to) })
})

test.each([
  ['syslog-%Y.%m.%d', 'syslog-2026.11.23-old'],
  ['syslog-%Y.%m.%d', 'my-syslog-2026.11.23'],
  ['syslog-%Y.%m.%d', 'syslog-2026.13.01'],
  ['syslog-%Y.%m.%d', 'syslog-2026.02.30'],
  ['syslog-%Y.%m.%d', 'syslog-2026.00.10'],
  ['syslog-%Y.%m.%d', 'syslog-2026x11x23'],
  ['syslog-%Y.%m.%d', 'syslog-02026.11.23'],
  ['a%Y.%Y', 'a2026.2027'],
  ['syslog', 'syslog'],
  ['syslog-%m.%d', 'syslog-11.23'],
])('%s does not make %s', (pattern, name) => {
  expect(periodOf(pattern, name)).toBeNull()
})

test('every name that a pattern makes is known again as its day', () => {
  const part = fc.stringMatching(/^[a-z.+()[\]$^-]{0,4}$/)
  fc.assert(
    fc.property(part, part, part, fc.integer({ min: 0, max: 60_000 }), (a, b, c, days) => {
      const pattern = `${a}%Y${b}-%m-${c}%d%%`
      expect(periodOf(pattern, formatIndex(pattern, days * DAY))).toEqual({ from: days * DAY, to: (days + 1) * DAY })
    }),
  )
})

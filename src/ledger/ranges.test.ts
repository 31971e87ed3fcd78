import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ranges } from './ranges.ts'

const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 })

test('ranges are a set of numbers', () => {
  fc.assert(
    fc.property(numbers, (added) => {
      const ranges = new Ranges()
      const model = new Set<number>()
      for (const number of added) {
        expect(ranges.add(number)).toBe(!model.has(number))
        model.add(number)
      }
      const all = Array.from({ length: 62 }, (_, i) => i)
      expect(all.filter((number) => ranges.has(number))).toEqual(all.filter((number) => model.has(number)))
      expect(ranges.last).toBe(Math.max(0, ...model))
      const missing = ranges
        .missing(60)
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
      expect(missing).toEqual(all.filter((number) => number >= 1 && number <= 60 && !model.has(number)))
      // As few ranges as can be: none touches the next.
      for (let at = 2; at < ranges.flat.length; at += 2) {
        expect(ranges.flat[at]).toBeGreaterThan((ranges.flat[at - 1] ?? 0) + 1)
      }
    }),
  )
})

test('a stream without gaps is one range, whatever the order of arrival within it', () => {
  const ranges = new Ranges()
  for (let number = 1; number < 100_000; number += 2) {
    ranges.add(number + 1)
    ranges.add(number)
  }
  expect(ranges.flat).toEqual([1, 100_000])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, copyOf, countOf, halve, pack, type Run } from './runs.ts'

const runOf = (batch: number, sizes: readonly number[]): Run => {
  const text = sizes.map((size, i) => `{"create":{"_id":"${batch}-${i}"}}\n{"t":"${'x'.repeat(size)}"}\n`).join('')
  return { batch, first: 0, count: sizes.length, body: Buffer.from(text) }
}
const anyRuns = fc
  .array(fc.array(fc.nat(200), { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 })
  .map((batches) => batches.map((sizes, at) => runOf(at, sizes)))

const bodyOf = (runs: readonly Run[]) => copyOf(runs, Buffer.alloc(bytesOf(runs) + 10))

/** Where each event of the runs comes from. */
const places = (runs: readonly Run[]) =>
  runs.flatMap(({ batch, first, count }) => Array.from({ length: count }, (_, i) => `${batch}-${first + i}`))

test('packing keeps every event, its order and its place, within the size unless an event is larger', () => {
  fc.assert(
    fc.property(anyRuns, fc.integer({ min: 1, max: 2000 }), (runs, size) => {
      const groups = pack(runs, size)
      expect(Buffer.concat(groups.map(bodyOf))).toEqual(bodyOf(runs))
      expect(places(groups.flat())).toEqual(places(runs))
      for (const group of groups) expect(bytesOf(group) <= size || countOf(group) === 1).toBe(true)
    }),
  )
})

test('halving ends with every event alone, in its place', () => {
  fc.assert(
    fc.property(anyRuns, (runs) => {
      const single: Run[][] = []
      const stack = [[...runs]]
      for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
        const halves = halve(next)
        if (halves === null) single.push(next)
        else {
          for (const half of halves) expect(half.length).toBeGreaterThan(0)
          stack.push(halves[1], halves[0])
        }
      }
      expect(places(single.flat())).toEqual(places(runs))
      expect(single.every((group) => countOf(group) === 1)).toBe(true)
      expect(Buffer.concat(single.map(bodyOf))).toEqual(bodyOf(runs))
    }),
  )
})

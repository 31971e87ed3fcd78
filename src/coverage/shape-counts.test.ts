import { expect, test } from 'vitest'
import { ShapeCounts } from './shape-counts.ts'

const letters = (n: number) => n.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)])

test('frequent shapes survive any number of rare ones, and no line is unaccounted for', () => {
  const counts = new ShapeCounts()
  const add = (message: string) => counts.add({ program: 'app', dataset: '', message, original: message })
  for (let i = 0; i < 30_000; i++) {
    add(`only once ${letters(i)}`)
    if (i % 3 === 0) add(`often ${i}`)
  }
  const [first] = counts.top(1)
  expect(first).toMatchObject({ program: 'app', shape: 'often <num>', count: 10_000, example: { message: 'often 0' } })
  const all = counts.top(Number.POSITIVE_INFINITY)
  expect(all.length).toBeLessThanOrEqual(8192)
  expect(all.reduce((sum, { count }) => sum + count, counts.forgotten)).toBe(40_000)
})

test('a value that is a fraction in any of the lines is remembered as one', () => {
  const counts = new ShapeCounts()
  for (const message of ['load 1 of 2', 'load 1 of 2.5', 'load 3 of 4'])
    counts.add({ program: 'a', dataset: '', message, original: message })
  expect([...counts.top(1)[0].fractions]).toEqual([undefined, true])
})

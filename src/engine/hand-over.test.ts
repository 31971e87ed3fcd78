import { expect, test } from 'vitest'
import { positionsAfter } from './hand-over.ts'

const found = (...numbers: number[]) =>
  new Map(numbers.map((number) => [number, { events: 1, positions: { file: { offset: number * 100 } } }]))
const saved = (number: number) => new Map([['file', { offset: number * 100 }]])
const all =
  (...numbers: number[]) =>
  (number: number) =>
    numbers.includes(number)

test('reading goes on behind what arrived and was not noted', () => {
  expect(positionsAfter(found(1, 2, 3), saved(1), all(1, 2, 3))).toEqual({ file: { offset: 300 } })
  expect(positionsAfter(found(1, 2), new Map(), all(1, 2))).toEqual({ file: { offset: 200 } })
})

test('what is saved already stays, whatever is missing of older batches', () => {
  expect(positionsAfter(found(1, 2, 3), saved(3), all(1, 2, 3))).toBeUndefined()
  expect(positionsAfter(found(1, 5, 6), saved(6), all(1, 5, 6))).toBeUndefined()
})

test('not behind a batch that is missing, nor from a position that no batch tells of', () => {
  expect(positionsAfter(found(1, 3), saved(1), all(1, 3))).toBeUndefined()
  expect(positionsAfter(found(1, 2, 4), saved(1), all(1, 2, 4))).toEqual({ file: { offset: 200 } })
  expect(positionsAfter(found(1, 2), saved(9), all(1, 2))).toBeUndefined()
})

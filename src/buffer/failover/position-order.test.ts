import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PositionOrder } from './position-order.ts'

test('a position is safe when all batches before it are, whatever the order they arrive in', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }), (order) => {
      const positions = new PositionOrder()
      for (let number = 1; number <= 8; number++) positions.begin('s', number)
      const done = new Set<number>()
      let saved = 0
      for (const number of order) {
        done.add(number)
        const safe = positions.done('s', number, { file: number })
        if (safe) saved = Number(safe.file)
        let whole = 0
        while (done.has(whole + 1)) whole++
        expect(saved).toBe(whole)
      }
    }),
  )
})

test('what failed holds back those behind it until it is put away after all', () => {
  const positions = new PositionOrder()
  positions.begin('s', 1)
  positions.begin('s', 2)
  expect(positions.done('s', 2, { file: 2 })).toBeUndefined()
  positions.begin('s', 1)
  expect(positions.done('s', 1, { file: 1 })).toEqual({ file: 2 })
})

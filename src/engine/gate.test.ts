import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

test('while nothing succeeds one at a time tries, in turn; after a success all go on', async () => {
  const told: (string | null)[] = []
  const gate = new Gate((reason) => told.push(reason), { first: 1, longest: 4 })
  const { signal } = new AbortController()
  let underWay = 0
  const together: number[] = []
  const tries: number[] = []
  const work = (n: number) => async () => {
    tries.push(n)
    together.push(++underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay--
    if (tries.length < 12) throw new Error('down')
  }
  await Promise.all([1, 2, 3].map((n) => gate.through(work(n), signal)))
  expect(tries.slice(0, 12)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
  expect(together.slice(0, 3)).toEqual([1, 2, 3])
  expect(Math.max(...together.slice(3, 12))).toBe(1)
  expect(told).toEqual(['down', null])
})

test('a stop ends the waiting', async () => {
  const gate = new Gate(() => {})
  const stop = new AbortController()
  const all = [1, 2].map(() =>
    gate.through(async () => {
      throw new Error('down')
    }, stop.signal),
  )
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await Promise.all(all)
  expect(gate.reason).toBe('down')
})

import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

test('one more at a time after as many answers, up to the most', () => {
  const pace = new Pace(4)
  const limits = Array.from({ length: 12 }, (_, i) => {
    pace.answered(i, i + 100)
    return pace.limit
  })
  expect(limits).toEqual([2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4])
})

test('halved once for all refusals of what was under way, and never below one', () => {
  const pace = new Pace(8)
  for (let i = 0; i < 40; i++) pace.answered(i, i + 10)
  expect(pace.limit).toBe(8)
  pace.refused(1000, 1010)
  pace.refused(1005, 1015)
  expect(pace.limit).toBe(4)
  for (const start of [2000, 3000, 4000, 5000]) pace.refused(start, start + 1)
  expect(pace.limit).toBe(1)
})

test('a slow answer adds nothing, a very slow one counts as a refusal', () => {
  const pace = new Pace(8)
  for (let i = 0; i < 10; i++) pace.answered(i, i + 5000)
  expect(pace.limit).toBe(2)
  pace.answered(100, 20_000)
  expect(pace.limit).toBe(1)
})

test('no more than the limit are under way, and one is told when it is alone', async () => {
  const pace = new Pace(8)
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  let underWay = 0
  let most = 0
  const alone: boolean[] = []
  const all = gates.map(({ promise }, i) =>
    pace.run(async (isAlone) => {
      most = Math.max(most, ++underWay)
      await promise
      underWay--
      alone[i] = isAlone()
    }),
  )
  for (const { resolve } of gates) resolve()
  await Promise.all(all)
  expect(most).toBe(2)
  await pace.run(async (isAlone) => {
    alone.push(isAlone())
  })
  expect(alone).toEqual([false, false, false, true, true].map((_, i) => alone[i]))
  expect(alone.slice(0, 2)).toEqual([false, false])
  expect(alone[4]).toBe(true)
})

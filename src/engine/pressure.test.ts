import { expect, test } from 'vitest'
import { Pressure } from './pressure.ts'

const lines = (host: string, n: number) => ({ host, route: 'all', drop: null, lines: n, archivedOnly: false, skew: 0 })

test('the noisiest host is shed first, then the next, until the buffer has drained', () => {
  const pressure = new Pressure()
  pressure.seen([lines('quiet', 10), lines('loud', 9000), lines('busy', 500)])
  expect(pressure.step(0.5)).toBeNull()
  expect(pressure.step(0.95)).toEqual(['loud'])
  expect(pressure.step(0.91)).toEqual(['loud', 'busy'])
  expect(pressure.step(0.85)).toBeNull()
  expect(pressure.step(0.7)).toEqual([])
  expect(pressure.step(0.7)).toBeNull()
})

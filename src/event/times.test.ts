import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IsoClock } from './times.ts'

test('any time of the years 0 to 9999 is written as Date does, whatever was written before', () => {
  const clock = new IsoClock()
  const out = Buffer.alloc(32)
  const years = {
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  }
  fc.assert(
    fc.property(fc.date(years), fc.boolean(), (date, alwaysMillis) => {
      const end = clock.write(out, 3, date.getTime(), alwaysMillis)
      const text = date.toISOString().slice(0, -1)
      expect(out.toString('latin1', 3, end)).toBe(alwaysMillis ? text : text.replace(/\.000$/, ''))
    }),
    { numRuns: 2000 },
  )
})

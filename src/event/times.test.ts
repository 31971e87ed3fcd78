import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from './memory.ts'
import { IsoClock } from './times.ts'

test('any time of the years 0 to 9999 is written as Date does, whatever was written before', () => {
  const clock = new IsoClock()
  const out = new Memory(Buffer.alloc(32))
  const years = {
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  }
  fc.assert(
    fc.property(fc.date(years), fc.boolean(), (date, short) => {
      const time = date.getTime()
      const end = short ? clock.writeShort(out.view, 3, time) : clock.write(out.view, 3, time)
      const text = date.toISOString()
      expect(out.text(3, end)).toBe(short ? text.replace(/(\.000)?Z$/, '') : text)
    }),
    { numRuns: 2000 },
  )
})

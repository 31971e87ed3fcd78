import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { zoneOf } from '../syslog/zone.ts'
import { timeFormat } from './time-format.ts'

test('fractions of a second are cut, not rounded, in any number of digits', () => {
  const readers = [timeFormat('ISO8601'), timeFormat('yyyy/MM/dd HH:mm:ss.SSS')]
  const start = Date.UTC(2026, 10, 23, 3, 14, 59)
  fc.assert(
    fc.property(fc.oneof(fc.stringMatching(/^9{1,9}$/), fc.stringMatching(/^\d{1,9}$/)), (digits) => {
      const wanted = start + Number(digits.padEnd(3, '0').slice(0, 3))
      const texts = [`2026-11-23T03:14:59.${digits}`, `2026/11/23 03:14:59.${digits}`]
      const read = readers.map((reader, i) => {
        const bytes = Buffer.from(`1${texts[i]}1`)
        return reader(new Memory(bytes), 1, bytes.length - 1, start, zoneOf('UTC'))
      })
      expect(read).toEqual([wanted, wanted])
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { setTime } from './clock.ts'
import { Header } from './header.ts'
import { parseHeader } from './parse.ts'
import { Stamp, scanStamp } from './stamp.ts'
import { zoneOf } from './zone.ts'

const line = fc.record({
  // The first is of another year a day later.
  stamp: fc.oneof(
    fc.constantFrom('Jan  1 02:30:15', 'Oct 25 02:30:15'),
    fc
      .tuple(
        fc.constantFrom('Jan', 'Feb', 'Mar', 'Dec', 'Foo'),
        fc.constantFrom('  1', ' 1', ' 27', ' 31', '  30'),
        fc.constantFrom(' 02:30:15', ' 2:30:15', '  2:30:15', ' 02:31:15', ' 12:00:60', ' 24:00:15', ' 12:00:15.25'),
      )
      .map((parts) => parts.join('')),
  ),
  // What stands behind a stamp is part of it, or not.
  after: fc.constantFrom(' h', ' 10.0.0.1', ' 2013', ' 2013x', ' UTC', ' PM', ' AIX', ' +0200', '  h', ': h', ''),
  zone: fc.constantFrom(...['UTC', 'Europe/Berlin', '-03:00'].map(zoneOf)),
  // Within one second, and beside a change of the year that is meant.
  receivedAt: fc.constantFrom(0, 1, 999, 86_400_000).map((more) => Date.UTC(2026, 11, 30, 2, 30, 15) + more),
})

test('a stamp means the same, whatever was read before', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 2, maxLength: 8 }), (lines) => {
      for (const { stamp, after, zone, receivedAt } of lines) {
        const bytes = Buffer.from(`<13>${stamp}${after} su: text`)
        const header = new Header()
        parseHeader(header, bytes, 0, bytes.length, receivedAt, zone)
        const read = new Stamp()
        const alone = new Header()
        if (scanStamp(read, bytes, 4, bytes.length) >= 0) setTime(alone, read, receivedAt, zone)
        expect([header.time, header.stampEnd]).toEqual([alone.time, read.next < 0 ? -1 : read.end])
      }
    }),
    { numRuns: 3000 },
  )
})

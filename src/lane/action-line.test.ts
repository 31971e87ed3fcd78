import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { ActionLine } from './action-line.ts'

test('names index and id of any event, whatever was written before', () => {
  const line = new ActionLine('00112233445566ff', 'syslog-%Y.%m.%d')
  const out = new Memory(Buffer.alloc(200))
  const sequence = fc.oneof(fc.nat(3000), fc.integer({ min: 0, max: 999_999_999_999_999 }))
  const time = fc.integer({ min: Date.UTC(2026, 10, 22, 23), max: Date.UTC(2026, 11, 23, 1) })
  fc.assert(
    fc.property(fc.array(fc.tuple(sequence, time), { minLength: 1 }), (events) => {
      for (const [number, at] of events) {
        const end = line.put(out.view, 5, number, at)
        const day = new Date(at).toISOString().slice(0, 10).replaceAll('-', '.')
        const id = `00112233445566ff-${String(number).padStart(15, '0')}`
        expect(out.text(5, end)).toBe(`{"create":{"_index":"syslog-${day}","_id":"${id}"}}\n`)
      }
    }),
  )
})

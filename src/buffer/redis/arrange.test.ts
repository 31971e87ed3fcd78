import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventId } from '../../event/ids.ts'
import { arrange, COLUMNS, restore } from './arrange.ts'

const STREAM = '0123456789abcdef'

/** `count` events, the documents' lengths and the ids' distances given in turn. */
function bodyOf(count: number, lengths: number[], steps: number[], last = 0): Buffer {
  let id = last
  let text = ''
  for (let event = 0; event < count; event++) {
    id += steps[event % steps.length] ?? 1
    const pad = 'x'.repeat(lengths[event % lengths.length] ?? 0)
    text += `{"create":{"_index":"syslog-2026.11.23","_id":"${eventId(STREAM, id)}"}}\n{"n":${event},"p":"${pad}"}\n`
  }
  return Buffer.from(text)
}

function roundTrip(body: Buffer, count: number): Buffer | undefined {
  const arranged = arrange(body, count)
  return arranged && restore(Buffer.from(arranged), count)
}

test('what is arranged comes back exactly', () => {
  const lengths = fc.array(fc.oneof(fc.nat(300), fc.constant(5000), fc.constant(70_000)), {
    minLength: 1,
    maxLength: 9,
  })
  const steps = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: -3, max: 400 })), { minLength: 1, maxLength: 9 })
  const last = fc.oneof(fc.constant(5000), fc.constant(99_999_950), fc.constant(999_999_999_000))
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 130 }), lengths, steps, last, (count, lengths, steps, last) => {
      const body = bodyOf(count, lengths, steps, last)
      expect(roundTrip(body, count)?.equals(body)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('lines of any text come back too, ids or not, or are left as they are', () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a))),
    fc.nat().map((n) => Buffer.from(`${n}"}}`)),
    fc.constant(Buffer.from(`99999999"}}`)),
  )
  fc.assert(
    fc.property(fc.array(line, { minLength: 200, maxLength: 240 }), (lines) => {
      const whole = lines.slice(0, lines.length & ~1)
      const body = Buffer.concat(whole.flatMap((line) => [line, Buffer.from('\n')]))
      expect((roundTrip(body, whole.length / 2) ?? body).equals(body)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('events of one length stand together, and consecutive ids are gone', () => {
  const arranged = arrange(bodyOf(200, [10, 90, 40], [1], 4000), 200)
  const text = `${arranged?.subarray(200 * COLUMNS)}`
  const lengths = text.split('\n').flatMap((line, index) => (index % 2 === 1 ? [line.length] : []))
  expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
  expect(new Set(text.match(/"_id":"[^"]*"/g))).toHaveLength(2)
})

test('few events, and what is not two lines for each, are left as they are', () => {
  const body = bodyOf(200, [10], [1])
  expect(arrange(bodyOf(99, [10], [1]), 99)).toBeUndefined()
  expect(arrange(body, 199)).toBeUndefined()
  expect(arrange(body, 201)).toBeUndefined()
  expect(arrange(body.subarray(0, -1), 200)).toBeUndefined()
})

test('made up bytes never throw, nor give more than there is', () => {
  const arranged = Buffer.from(arrange(bodyOf(100, [10, 30], [1]), 100) ?? '')
  const changes = fc.array(fc.tuple(fc.nat(arranged.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(changes, (changes) => {
      const bytes = Buffer.from(arranged)
      for (const [at, byte] of changes) bytes[at] = byte
      const body = restore(bytes, 100)
      if (body) expect(body.length).toBe(bytes.length - 100 * COLUMNS)
    }),
  )
})

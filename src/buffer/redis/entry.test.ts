import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeBatch } from '../conformance.ts'
import { decodeBlob, encodeBlob, keyLine, parseKeyLine } from './entry.ts'

const key = (line: string) => {
  const parsed = parseKeyLine(line)
  if (!parsed) throw new Error('no key line')
  return parsed
}

test('a batch comes out as it went in', () => {
  const batch = makeBatch(7, { count: 50 })
  const decoded = decodeBlob(encodeBlob(batch), key(keyLine(batch)), batch.output)
  expect(decoded && { ...decoded, body: Buffer.from(decoded.body) }).toEqual(batch)
})

test('bytes that were changed, cut or made up are told from a blob, and never throw', () => {
  const batch = makeBatch(7, { count: 50 })
  const blob = encodeBlob(batch)
  const line = key(keyLine(batch))
  const changed = fc.tuple(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
    const bytes = Buffer.from(blob)
    bytes[at] = (bytes[at] ?? 0) ^ by
    return bytes
  })
  const cut = fc.nat(blob.length - 1).map((length) => blob.subarray(0, length))
  const madeUp = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.oneof(changed, cut, madeUp), (bytes) => {
      const decoded = decodeBlob(bytes, line, 'store')
      // zstd's own header has spare bits that mean nothing; what comes out must be right all the same.
      if (decoded) expect(Buffer.from(decoded.body).equals(Buffer.from(batch.body))).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a blob never unpacks to more than its key line says', () => {
  const batch = makeBatch(1, { count: 2000 })
  expect(decodeBlob(encodeBlob(batch), { ...key(keyLine(batch)), bytes: 1000 }, 'store')).toBeUndefined()
})

test('a key line is exact or none', () => {
  for (const line of [
    '',
    'x',
    `${'a'.repeat(16)} 1 0 3 300 1`,
    `${'a'.repeat(16)} -1 0 3 300 1 2`,
    `../../etc 1 0 3 300 1 2`,
  ]) {
    expect(parseKeyLine(line)).toBeUndefined()
  }
})

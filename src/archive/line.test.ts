import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ARCHIVE_GROWTH, writeArchiveLine } from './line.ts'

function archived(bytes: Uint8Array): Buffer {
  const target = Buffer.alloc(ARCHIVE_GROWTH * bytes.length + 1)
  return target.subarray(0, writeArchiveLine(target, 0, bytes, 0, bytes.length))
}

/** The rule, byte by byte. */
function expected(bytes: Uint8Array): Buffer {
  const out: number[] = []
  for (const byte of bytes) {
    if (byte < 32 || byte === 127) out.push(...Buffer.from(`#${byte.toString(8).padStart(3, '0')}`))
    else out.push(byte)
  }
  return Buffer.from([...out, 10])
}

describe('writeArchiveLine', () => {
  test('writes a printable line as it came', () => {
    expect(archived(Buffer.from('Dec  3 00:24:38 controller haproxy[1474]: up')).toString()).toBe(
      'Dec  3 00:24:38 controller haproxy[1474]: up\n',
    )
  })

  test('escapes line feeds, tabs, NUL, escape sequences and DEL as rsyslog does', () => {
    expect(archived(Buffer.from('a\nb\tc\0d\x1b[2Je\x7f')).toString()).toBe('a#012b#011c#000d#033[2Je#177\n')
  })

  test('keeps UTF-8 and bytes that are not', () => {
    expect(archived(Buffer.from('größe \xff', 'latin1'))).toEqual(Buffer.from('größe \xff\n', 'latin1'))
    expect(archived(Buffer.from('größe ✓')).toString()).toBe('größe ✓\n')
  })

  test('any bytes at any offsets give exactly one line after the rule, and nothing outside it is touched', () => {
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xff))
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 60 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 9 }),
        (values, before, at) => {
          const source = Buffer.concat([Buffer.alloc(before, 'x'), Buffer.from(values), Buffer.from('yyyyyyyy')])
          const target = new Uint8Array(at + ARCHIVE_GROWTH * values.length + 9).fill(0xaa)
          const end = writeArchiveLine(target, at, source, before, before + values.length)
          const want = expected(Uint8Array.from(values))
          expect(Buffer.from(target.subarray(at, end))).toEqual(want)
          expect(target.subarray(0, at).every((b) => b === 0xaa)).toBe(true)
          expect(target.subarray(end).every((b) => b === 0xaa)).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

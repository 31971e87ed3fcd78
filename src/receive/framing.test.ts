import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameSplitter, Frames } from './framing.ts'

const MAX = 64 * 1024

function split(chunks: readonly (string | Uint8Array)[], { max = MAX, flush = true } = {}) {
  const frames = new Frames()
  const splitter = new FrameSplitter(max, frames)
  const found: { text: string; truncated: boolean }[] = []
  const collect = () => {
    for (let i = 0; i < frames.count; i++) {
      const bytes = Buffer.from(frames.bytes[i].subarray(frames.starts[i], frames.ends[i]))
      found.push({ text: bytes.toString('latin1'), truncated: frames.truncated[i] })
    }
    frames.clear()
  }
  for (const chunk of chunks) {
    splitter.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)
    collect()
  }
  const { waiting } = splitter
  if (flush) splitter.flush()
  collect()
  return { found, waiting, texts: found.map(({ text }) => text) }
}

/** Cuts at the given places, taken modulo the length. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => (bytes.length === 0 ? 0 : place % bytes.length)))].sort((a, b) => a - b)
  return [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length))
}

describe('newline framing', () => {
  test('LF ends a frame; blank lines, CR and NUL between frames are nothing', () => {
    expect(split(['<13>a\n<13>b\r\n\n\0\n<13>c\n']).texts).toEqual(['<13>a', '<13>b\r', '<13>c'])
  })

  test("NUL ends a frame where the next one begins, as from Python's SysLogHandler", () => {
    expect(split(['<14>a\0<14>b\0', '<14>c\0']).texts).toEqual(['<14>a', '<14>b', '<14>c'])
  })

  test('a NUL inside a text stays', () => {
    expect(split(['<14>a\0b\n<14>c\0', 'd\n']).texts).toEqual(['<14>a\0b', '<14>c\0d'])
  })

  test('a line without its newline waits, and is a frame when flushed', () => {
    expect(split(['<13>a'], { flush: false })).toMatchObject({ waiting: true, found: [] })
    expect(split(['<13>a']).texts).toEqual(['<13>a'])
  })

  test('a line that is too long is cut, flagged, and skipped to its end', () => {
    const long = `<13>${'x'.repeat(200)}`
    expect(split([`${long}\n<13>b\n`], { max: 100 }).found).toEqual([
      { text: long.slice(0, 100), truncated: true },
      { text: '<13>b', truncated: false },
    ])
  })

  test('a line of exactly the longest length is whole', () => {
    const line = 'x'.repeat(100)
    expect(split([`${line}\n`], { max: 100 }).found).toEqual([{ text: line, truncated: false }])
    expect(split([...line, '\n'], { max: 100 }).found).toEqual([{ text: line, truncated: false }])
  })
})

describe('octet counting', () => {
  test('the count decides, not line feeds: a traceback is one frame', () => {
    const traceback = '<131>nova: Traceback (most recent call last):\n  File "x.py", line 1\nValueError\n'
    expect(split([`${traceback.length} ${traceback}6 <13>ab`]).texts).toEqual([traceback, '<13>ab'])
  })

  test('a line feed after a counted frame is nothing', () => {
    expect(split(['6 <13>ab\n6 <13>cd\n']).texts).toEqual(['<13>ab', '<13>cd'])
  })

  test('a count larger than the longest frame: cut, flagged, and skipped exactly', () => {
    const frame = `<13>${'x'.repeat(296)}`
    expect(split([`300 ${frame}6 <13>ab`], { max: 100 }).found).toEqual([
      { text: frame.slice(0, 100), truncated: true },
      { text: '<13>ab', truncated: false },
    ])
  })

  test('a counted frame waits for its bytes, and is flagged when the stream ends before', () => {
    expect(split(['10 <13>ab'], { flush: false }).waiting).toBe(false)
    expect(split(['10 <13>ab']).found).toEqual([{ text: '<13>ab', truncated: true }])
  })

  test.each([
    ['digits without a PRI behind', '12 monkeys came\n'],
    ['a number of its own', '42\n'],
    ['a date', '2026-11-23 03:14:21 web1 app: hello\n'],
    ['a count beyond all bounds', '99999999 <13>abc\n'],
    ['more digits than a number holds', '12345678901234567890123 <13>abc\n'],
    ['a leading zero', '06 <13>ab\n'],
    ['two blanks', '6  <13>ab\n'],
  ])('%s is a line', (_, line) => {
    expect(split([line, '<13>next\n']).texts).toEqual([line.slice(0, -1), '<13>next'])
    expect(split([...line, '<13>next\n']).texts).toEqual([line.slice(0, -1), '<13>next'])
  })

  test('digits alone wait for what follows, and are a frame when flushed', () => {
    expect(split(['12'], { flush: false })).toMatchObject({ waiting: true, found: [] })
    expect(split(['12']).texts).toEqual(['12'])
    expect(split(['12 ']).texts).toEqual(['12 '])
  })
})

const byte = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Buffer.from('<>123 \n\0\r')) },
  fc.integer({ min: 0, max: 255 }),
)

test('how a stream is cut into chunks makes no difference', () => {
  const places = fc.array(fc.nat(), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 300 }), places, fc.integer({ min: 1, max: 40 }), (list, at, max) => {
      const bytes = Uint8Array.from(list)
      const whole = split([bytes], { max })
      expect(split(cut(bytes, at), { max })).toEqual(whole)
      expect(
        split(
          [...bytes].map((one) => Uint8Array.of(one)),
          { max },
        ),
      ).toEqual(whole)
    }),
    { numRuns: 2000 },
  )
})

test('no byte is lost but trailers, counts and what is cut', () => {
  const text = fc.array(byte, { maxLength: 300 }).map((list) => Buffer.from(list).toString('latin1'))
  fc.assert(
    fc.property(text, (stream) => {
      // All that may be missing are trailers and octet counts: digits and the blank after them.
      const plain = (s: string) => s.replace(/[\n\0\r\d ]/g, '')
      expect(plain(split([stream]).texts.join(''))).toBe(plain(stream))
    }),
    { numRuns: 2000 },
  )
})

test('any mix of counted and newline frames comes out as it went in', () => {
  const body = fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
    .map((list) => Buffer.from(list).toString('latin1'))
  const counted = body.map((text) => ({ text: `<13>${text}`, wire: `${text.length + 4} <13>${text}` }))
  const line = body.map((text) => {
    const clean = text.replace(/[\n\0]/g, '')
    return { text: `<14>${clean}`, wire: `<14>${clean}\n` }
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(counted, line)), fc.array(fc.nat(), { maxLength: 10 }), (frames, at) => {
      const wire = Buffer.from(frames.map((frame) => frame.wire).join(''), 'latin1')
      expect(split(cut(wire, at)).texts).toEqual(frames.map(({ text }) => text))
    }),
    { numRuns: 1000 },
  )
})

test('a frame without end takes no more memory than the longest frame', () => {
  const frames = new Frames()
  const splitter = new FrameSplitter(1000, frames)
  for (let i = 0; i < 10_000; i++) splitter.push(Buffer.alloc(1000, 'x'))
  splitter.flush()
  expect(frames.count).toBe(1)
  expect(frames.bytes[0].buffer.byteLength).toBeLessThanOrEqual(1000)
  expect(frames.truncated[0]).toBe(true)
})

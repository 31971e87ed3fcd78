import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldLine, harmless } from './shape.ts'

const shapeOf = (message: string) => foldLine(message).shape

test.each([
  ['Failed password for root from 192.0.2.7 port 22 ssh2', 'Failed password for root from <ip> port <num> ssh<num>'],
  ['session opened for user eve by (uid=0)', 'session opened for user <word> by (uid=<num>)'],
  ['tty=ssh ruser= rhost=2001:db8::7  user=root', 'tty=<word> ruser= rhost=<ip>  user=<word>'],
  ['[instance: 4c1ac0e1-2b2c-4c1f-9a4e-0e3d6f3e2b11] took 1.25 seconds', '[instance: <uuid>] took <num> seconds'],
  ['"GET /v2/x HTTP/1.1" status: 200', '<str> status: <num>'],
  ["can't open '/etc/x y': it's gone", "can't open <str>: it's gone"],
  ['read /var/log/app.log: No such file', 'read <path>: No such file'],
  ['see https://example.org/a?b=1, please', 'see <uri>, please'],
  ['2026-11-23 03:14:21.345 started', '<time> started'],
  ['[23/Nov/2026:03:14:24.617 +0100] at 10:20:30', '[<time>] at <time>'],
  ['eth0: link 52:54:00:aa:bb:cc up', 'eth<num>: link <mac> up'],
  ['object at 0x371dad0, commit deadbeef01, release 2.2.7', 'object at <id>, commit <id>, release <version>'],
  ['mail to bob@example.org -5 C', 'mail to <email> <num> C'],
  ['std::vector and either/or 3/4', 'std::vector and either/or <num>/<num>'],
])('%j has the shape %j', (message, shape) => {
  expect(shapeOf(message)).toBe(shape)
})

test('a shape can be shown on any terminal', () => {
  expect(shapeOf('a\u001b[2Jb\tc')).toBe('a\\u001b[<num>Jb\\tc')
  expect(harmless('x\u202ey\u009bz\u007f')).toBe('x\\u202ey\\u009bz\\u007f')
})

test('of long texts and of several lines only the beginning counts, and the shape says so', () => {
  expect(shapeOf('Traceback\n  File "x"')).toBe('Traceback…')
  expect(shapeOf('x '.repeat(5000))).toHaveLength(513)
})

const word = fc.stringMatching(/^[a-z]{1,8}$/)
const number = fc.nat()
/** A piece of a line, with places for numbers (%). */
const piece = fc.oneof(
  word,
  word.map((name) => `${name}=%`),
  word.map((name) => `${name}%`),
  word.map((name) => `${name}[%]:`),
  word.map((name) => `${name}-%`),
  fc.constantFrom('%', '%.%', '(%)', '%/%', '%ms', '%:%', '%.%.%.%', '%.%.%.%:%', '%:%:%', '/dev/sda%', '"%"', '-%'),
)

test('the shape of a line does not depend on its numbers', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.infiniteStream(number), (pieces, numbers) => {
      const template = pieces.join(' ')
      const fill = () => template.replace(/%/g, () => String(numbers.next().value))
      expect(shapeOf(fill())).toBe(shapeOf(fill()))
    }),
    { numRuns: 500 },
  )
})

test('the parts of a line are the line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (message) => {
      const { parts, cut } = foldLine(message)
      const text = parts.map((part) => (typeof part === 'string' ? part : part.text)).join('')
      expect(cut ? message.startsWith(text) : message === text).toBe(true)
    }),
  )
})

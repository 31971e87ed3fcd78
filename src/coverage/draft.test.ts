import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileGrok } from '../grok/compile.ts'
import { PatternLibrary } from '../grok/library.ts'
import { draftPattern } from './draft.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })

test.each([
  [
    'Accepted key from 192.0.2.7 port 22 ssh2',
    'Accepted key from %{IP:source.ip} port %{POSINT:source.port:int} ssh[0-9]+$',
  ],
  [
    'proxy 192.0.2.7:80 to 192.0.2.8:0',
    'proxy %{IP:source.ip}:%{POSINT:source.port:int} to %{IP:destination.ip}:%{INT:destination.port:int}$',
  ],
  ['(0.5 seconds) user=eve', '\\(%{NUMBER:app.seconds:float} seconds\\) user=%{NOTSPACE:user.name}$'],
  [
    'opened "a b" in /etc/x [1 of 2]',
    'opened "%{INQUOTES:app.opened}" in %{UNIXPATH:file.path} \\[%{INT:app.number:int} of %{INT:app.number2:int}\\]$',
  ],
  ['GET http://h/x 7 bytes', 'GET %{URI:url.original} %{INT:app.bytes:int} bytes$'],
  ['first\nsecond', 'first'],
  ['\x07 and \x80', '\\u0007 and \\u0080$'],
  ['100% of %{IP} done', '%{INT:app.number:int}% of %\\{IP\\} done$'],
])('for %j', (message, pattern) => {
  expect(draftPattern(message, 'app')).toBe(pattern)
})

test('a value that is a fraction in other lines takes fractions', () => {
  expect(draftPattern('load 1', 'app', [true])).toBe('load %{NUMBER:app.load:float}$')
})

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 700 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...'from to port user= pid [ ] ( ) " \' : / . - + * \\ { } % ^ $ | ? # , ;'.split(' ')),
        fc.ipV4(),
        fc.ipV6(),
        fc.uuid(),
        fc.webUrl(),
        fc.nat().map(String),
        fc.double().map(String),
        fc.stringMatching(/^[a-z0-9]{1,9}$/),
        fc.constant(' '),
      ),
      { maxLength: 30 },
    )
    .map((words) => words.join('')),
)

test('a draft fits the line that it was made from, and captures each field once', () => {
  fc.assert(
    fc.property(text, (message) => {
      const { regex, captures } = compileGrok(draftPattern(message, 'app'), library)
      expect(regex.test(message)).toBe(true)
      const fields = captures.map(({ field }) => field)
      expect(new Set(fields).size).toBe(fields.length)
    }),
    { numRuns: 500 },
  )
})

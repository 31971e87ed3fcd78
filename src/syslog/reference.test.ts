import fc from 'fast-check'
import syslogParse from 'syslog-parse'
import { expect, test } from 'vitest'
import { parse } from '../../test/header-cases.ts'
import { zoneOf } from './zone.ts'

/**
 * A second opinion: the npm package syslog-parse over well-formed RFC 3164 lines. What it gets wrong is kept out of the
 * comparison, one line of this table each, and shown below to be wrong still.
 */
const DEFECTS: { what: string; line: string; theirs: object | undefined; ours: object }[] = [
  {
    what: 'a missing PRI is kern.emerg',
    line: 'Oct 11 22:14:15 host app: m',
    theirs: { priority: 0 },
    ours: { pri: 13, flags: ['pri_missing'] },
  },
  {
    what: 'a PRI above 191 is let pass, without a facility',
    line: '<199>Oct 11 22:14:15 host app: m',
    theirs: { priority: 199, facility: undefined },
    ours: { pri: 13, flags: ['pri_invalid'] },
  },
  { what: 'no tag, no result', line: '<13>Oct 11 22:14:15 host some text', theirs: undefined, ours: { host: 'host' } },
  { what: 'no time, no result', line: '<13>app: m', theirs: undefined, ours: { program: 'app' } },
  { what: 'no text, no result', line: '<13>Oct 11 22:14:15 host app:', theirs: undefined, ours: { program: 'app' } },
  {
    what: 'a pid that is no number is lost',
    line: '<13>Oct 11 22:14:15 host app[main]: m',
    theirs: { process: 'app', message: 'm' },
    ours: { pid: 'main' },
  },
  {
    what: 'blanks around the text are lost',
    line: '<13>Oct 11 22:14:15 host app:   m ',
    theirs: { message: 'm' },
    ours: { message: '  m ' },
  },
  {
    what: 'a line feed ends the text',
    line: '<13>Oct 11 22:14:15 host app: a\nb',
    theirs: { message: 'a' },
    ours: { message: 'a\nb' },
  },
  {
    what: 'a host with other characters is not found',
    line: '<13>Oct 11 22:14:15 host@relay app: m',
    theirs: undefined,
    ours: { host: 'host@relay' },
  },
  {
    what: 'a tag with other characters is not found',
    line: '<13>Oct 11 22:14:15 host %SYS-5-CONFIG_I: m',
    theirs: undefined,
    ours: { program: '%SYS-5-CONFIG_I' },
  },
  {
    what: 'IPv6 is cut in pieces',
    line: '<13>Oct 11 22:14:15 2001:db8::1 app: m',
    theirs: { host: '', process: '2001' },
    ours: { host: '2001:db8::1', program: 'app' },
  },
]

const RECEPTION = Date.now()

function ours(line: string) {
  return parse(Buffer.from(line), RECEPTION, zoneOf('local'))
}

test.each(DEFECTS)('its known defect: $what', ({ line, theirs, ours: expected }) => {
  const got = syslogParse(line)
  if (theirs === undefined) expect(got).toBeUndefined()
  else expect(got).toMatchObject(theirs)
  expect(ours(line)).toMatchObject(expected)
})

test('it misdates where the present month is shorter, and takes the present year and ms', () => {
  // Only the clock would show it (setMonth before setDate), so times are compared by hour, minute and second.
  expect(ours('<13>Jan 31 22:14:15 host app: m').time).toMatch(/:15\.000Z$/)
})

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number) => String(value).padStart(2, '0')
const lines = fc.record({
  priority: fc.integer({ min: 0, max: 191 }),
  month: fc.constantFrom(...MONTHS),
  day: fc.integer({ min: 1, max: 28 }),
  time: fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 })),
  host: fc.stringMatching(/^[a-z][a-z0-9.-]{0,40}$/),
  program: fc.stringMatching(/^[A-Za-z][\w\-./]{0,30}$/),
  pid: fc.option(fc.integer({ min: 1, max: 4_194_304 })),
  message: fc.stringMatching(/^[!-~]([ -~]{0,80}[!-~])?$/),
})

test('agrees on well-formed lines', () => {
  fc.assert(
    fc.property(lines, (line) => {
      const tag = line.pid === null ? line.program : `${line.program}[${line.pid}]`
      const stamp = `${line.month} ${String(line.day).padStart(2)} ${line.time.map(two).join(':')}`
      const text = `<${line.priority}>${stamp} ${line.host} ${tag}: ${line.message}`
      const theirs = syslogParse(text)
      const got = ours(text)
      expect(theirs).toBeDefined()
      if (theirs === undefined) return
      expect(got).toMatchObject({
        pri: theirs.priority,
        host: theirs.host,
        program: theirs.process,
        pid: theirs.pid === undefined ? null : String(theirs.pid),
        message: theirs.message,
        stamp,
      })
      const at = new Date(got.time ?? 0)
      expect([at.getHours(), at.getMinutes(), at.getSeconds()]).toEqual([
        theirs.time.getHours(),
        theirs.time.getMinutes(),
        theirs.time.getSeconds(),
      ])
      expect([MONTHS[at.getMonth()], at.getDate()]).toEqual([line.month, line.day])
    }),
    { numRuns: 3000 },
  )
})

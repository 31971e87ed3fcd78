import { describe, expect, test } from 'vitest'
import { type Parsed, parse } from '../../test/header-cases.ts'
import { Header } from './header.ts'
import { parseHeader, parseWhole } from './parse.ts'
import { zoneOf } from './zone.ts'

const RECEPTION = Date.UTC(2026, 10, 23, 12)

function read(line: string, receivedAt = RECEPTION): Parsed {
  return parse(Buffer.from(line), receivedAt)
}

describe('PRI and framing', () => {
  test.each([
    ['<34>Oct 11 22:14:15 h su: m', 34, []],
    ['<0>Oct 11 22:14:15 h su: m', 0, []],
    ['<191>Oct 11 22:14:15 h su: m', 191, []],
    ['<191> \tOct 11 22:14:15 h su: m', 191, []],
    ['\ufeff <34>Oct 11 22:14:15 h su: m', 34, []],
    ['\r\n<34>Oct 11 22:14:15 h su: m\r\n\0', 34, []],
    ['27 <34>Oct 11 22:14:15 h su: m', 34, []],
    ['27 <34>Oct 11 22:14:15 h su: m\n', 34, []],
    ['28 <34>Oct 11 22:14:15 h su: m\n', 34, []],
    ['<999>Oct 11 22:14:15 h su: m', 13, ['pri_invalid']],
    ['Oct 11 22:14:15 h su: m', 13, ['pri_missing']],
  ])('%j', (line, priority, flags) => {
    expect(read(line)).toMatchObject({ pri: priority, host: 'h', program: 'su', message: 'm', flags })
  })

  test.each(['<', '<1', '<1000>x', '<1 2>x', '<abc>x', '<-1>x'])('%j is text', (line) => {
    expect(read(line)).toMatchObject({ pri: 13, stamp: null, program: null, message: line })
    expect(read(line).flags).toContain('pri_invalid')
  })

  test('a count that does not fit stays in the text', () => {
    expect(read('30 <34>Oct 11 22:14:15 h su: m').message).toBe('30 <34>Oct 11 22:14:15 h su: m')
  })

  test.each(['', '\0', '\n\n', '\ufeff', '<13>', '<13> '])('nothing in %j', (line) => {
    expect(read(line).flags).toContain('empty')
  })

  test('reads inside of a larger buffer and never beyond its range', () => {
    const bytes = Buffer.from('xxx<34>Oct 11 22:14:15 h su: m\n<13>Oct 11 22:14:16 other')
    const header = new Header()
    parseHeader(header, bytes, 3, 31, RECEPTION, zoneOf('UTC'))
    expect(bytes.toString('utf8', header.lineStart, header.lineEnd)).toBe('Oct 11 22:14:15 h su: m')
    expect(bytes.toString('utf8', header.messageStart, header.lineEnd)).toBe('m')
  })

  test('keeps nothing of the line before', () => {
    const header = new Header()
    const first = Buffer.from('<34>1 2003-10-11T22:14:15Z h su 77 ID47 [a b="c"] m')
    parseHeader(header, first, 0, first.length, RECEPTION, zoneOf('UTC'))
    parseHeader(header, Buffer.from('<13>x'), 0, 5, RECEPTION, zoneOf('UTC'))
    const untouched = new Header()
    Object.assign(untouched, {
      lineStart: 4,
      lineEnd: 5,
      messageStart: 4,
      afterTagStart: 4,
      flags: header.flags,
    })
    expect({ ...header }).toEqual({ ...untouched })
  })

  test('the whole line as the message', () => {
    const header = new Header()
    const line = Buffer.from('\ufeff<13>Oct 11 22:14:15 h su: m\r\n')
    parseWhole(header, line, 0, line.length)
    expect(line.toString('utf8', header.messageStart, header.lineEnd)).toBe('<13>Oct 11 22:14:15 h su: m')
    expect(header).toMatchObject({ priority: 13, hostStart: -1, programStart: -1, stampStart: -1 })
  })
})

describe('times', () => {
  test.each([
    ['Oct 11 22:14:15', '2026-10-11T22:14:15.000Z'],
    ['Oct  1 22:14:15', '2026-10-01T22:14:15.000Z'],
    ['Oct 1 2:14:15', '2026-10-01T02:14:15.000Z'],
    ['oct 01 22:14:15.123456789', '2026-10-01T22:14:15.123Z'],
    ['Oct 11 22:14:15,9', '2026-10-11T22:14:15.900Z'],
    ['Oct 11 2023 22:14:15', '2023-10-11T22:14:15.000Z'],
    ['Oct 11 22:14:15 2023', '2023-10-11T22:14:15.000Z'],
    ['2023 Oct 11 22:14:15', '2023-10-11T22:14:15.000Z'],
    ['Wed Oct 11 22:14:15 2023', '2023-10-11T22:14:15.000Z'],
    ['Wed Oct 11 22:14:15 CEST 2023', '2023-10-11T20:14:15.000Z'],
    ['Aug 24 05:34:00 CST 1987', '1987-08-24T11:34:00.000Z'],
    ['1990 Oct 22 10:52:01 TZ-6', '1990-10-22T16:52:01.000Z'],
    ['Oct 11 22:14:15 UTC', '2026-10-11T22:14:15.000Z'],
    ['Oct 11 22:14:15 GMT+2', '2026-10-11T20:14:15.000Z'],
    ['Oct 11 22:14:15 +0200', '2026-10-11T20:14:15.000Z'],
    ['Oct 11 22:14:15Z', '2026-10-11T22:14:15.000Z'],
    ['Oct 11 22:14:15:', '2026-10-11T22:14:15.000Z'],
    ['Oct 11 22:14:15.5 EST:', '2026-10-12T03:14:15.500Z'],
    ['Jun 14 11:57:27 PM.685 UTC', '2026-06-14T23:57:27.685Z'],
    ['Oct 11 22:14:60', '2026-10-11T22:14:59.000Z'],
    ['2023-10-11T22:14:15Z', '2023-10-11T22:14:15.000Z'],
    ['2023-10-11t22:14:15.003z', '2023-10-11T22:14:15.003Z'],
    ['2023-10-11T22:14:15', '2023-10-11T22:14:15.000Z'],
    ['2023-10-11 22:14:15,521', '2023-10-11T22:14:15.521Z'],
    ['2023-10-11T22:14:15.123456789-07:30', '2023-10-12T05:44:15.123Z'],
    ['2023-10-11T22:14:15+0200', '2023-10-11T20:14:15.000Z'],
    ['2023-10-11T22:14:15-07', '2023-10-12T05:14:15.000Z'],
    ['2023-10-11T22:14:15Z+00:00', '2023-10-11T22:14:15.000Z'],
    ['2023-10-11 22:14:15 +02:00', '2023-10-11T20:14:15.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0099-01-01T00:00:00Z', '0099-01-01T00:00:00.000Z'],
  ])('%s', (stamp, time) => {
    expect(read(`<13>${stamp} host app: m`)).toMatchObject({
      time,
      stamp: stamp.replace(/:$/, ''),
      host: 'host',
      program: 'app',
      message: 'm',
      flags: [],
    })
  })

  test.each([
    'Feb 29 12:00:00',
    'Feb 30 12:00:00',
    'Apr 31 12:00:00',
    'Oct  0 12:00:00',
    'Oct 11 24:00:00',
    'Oct 11 12:60:00',
    'Oct 11 12:00:61',
    '2023-02-29T12:00:00Z',
    '2023-13-01T12:00:00Z',
    '1900-02-29T12:00:00Z',
  ])('%s does not exist', (stamp) => {
    const got = read(`<13>${stamp} host app: m`)
    expect(got).toMatchObject({ time: null, stamp, host: 'host', program: 'app', flags: ['timestamp_invalid'] })
  })

  test.each([
    ['Feb 29 12:00:00', '2028-03-01T00:00:00Z', '2028-02-29T12:00:00.000Z'],
    ['Feb 29 12:00:00', '2025-01-05T00:00:00Z', '2024-02-29T12:00:00.000Z'],
    ['Dec 31 23:59:59', '2027-01-01T00:00:05Z', '2026-12-31T23:59:59.000Z'],
    ['Jan  1 00:00:05', '2026-12-31T23:59:50Z', '2027-01-01T00:00:05.000Z'],
    ['Jan  2 00:00:05', '2026-12-31T23:59:50Z', '2026-01-02T00:00:05.000Z'],
    ['Nov 24 11:59:59', '2026-11-23T12:00:00Z', '2026-11-24T11:59:59.000Z'],
    ['Nov 24 12:00:01', '2026-11-23T12:00:00Z', '2025-11-24T12:00:01.000Z'],
  ])('%s received at %s', (stamp, received, time) => {
    expect(read(`<13>${stamp} host app: m`, Date.parse(received)).time).toBe(time)
  })

  test.each(['met', 'est', 'utc', 'EDTX', '+1', '-05', 'GMTX', '2300'])('%s after the time is a host', (host) => {
    expect(read(`<13>Oct 11 22:14:15 ${host} app: m`)).toMatchObject({ host, time: '2026-10-11T22:14:15.000Z' })
  })

  test('a program’s own log line is no header', () => {
    for (const line of [
      '2014-06-09 15:41:36.123 2345 DEBUG nova.compute [-] text',
      '2014-06-09 15:41:36 INFO nova.compute [-] text',
    ]) {
      expect(read(line)).toMatchObject({ time: null, host: null, program: null, message: line })
    }
  })
})

describe('host and tag', () => {
  const cases: [line: string, host: string | null, program: string | null, pid: string | null, message: string][] = [
    ['h app: m', 'h', 'app', null, 'm'],
    ['h app[1]: m', 'h', 'app', '1', 'm'],
    ['h app[]: m', 'h', 'app', null, 'm'],
    ['h app[2340:0]: m', 'h', 'app', '2340:0', 'm'],
    ['h app[12] text', 'h', 'app', '12', 'text'],
    ['app[12] text', null, 'app', '12', 'text'],
    ['app: m', null, 'app', null, 'm'],
    ['h app:m', 'h', 'app', null, 'm'],
    ['h app[1]:m', 'h', 'app', '1', 'm'],
    ['h  app:   m', 'h', 'app', null, '  m'],
    ['h app: \ufeffm', 'h', 'app', null, 'm'],
    ['h: app: m', null, 'h', null, 'app: m'],
    ['h app text', 'h', null, null, 'app text'],
    ['h app[12: m', 'h', null, null, 'app[12: m'],
    ['h', 'h', null, null, ''],
    ['- app: m', null, 'app', null, 'm'],
    ['h -- MARK --', 'h', null, null, '-- MARK --'],
    ['-- MARK --', null, null, null, '-- MARK --'],
    ['last message repeated 3 times', null, null, null, 'last message repeated 3 times'],
    ['Message forwarded from aix6: sshd[12]: m', 'aix6', 'sshd', '12', 'm'],
    ['Message forwarded from', 'Message', null, null, 'forwarded from'],
    ['h last message repeated 3 times', 'h', null, null, 'last message repeated 3 times'],
    ['a/b app: m', 'a/b', 'app', null, 'm'],
    ['s@h. app: m', 's@h.', 'app', null, 'm'],
    ['(none) app: m', '(none)', 'app', null, 'm'],
    ['bücher app: m', 'bücher', 'app', null, 'm'],
    ['2001:db8::1 app: m', '2001:db8::1', 'app', null, 'm'],
    ['::1 app: m', '::1', 'app', null, 'm'],
    ['fe80::1%eth0 app: m', 'fe80::1%eth0', 'app', null, 'm'],
    ['::ffff:192.0.2.1 app: m', '::ffff:192.0.2.1', 'app', null, 'm'],
    ['[2001:db8::1] app: m', '2001:db8::1', 'app', null, 'm'],
    ['h 2001:db8::1 is up', 'h', null, null, '2001:db8::1 is up'],
    ['h /USR/SBIN/CRON[1]: m', 'h', '/USR/SBIN/CRON', '1', 'm'],
    ['h sshd(pam_unix)[1]: m', 'h', 'sshd(pam_unix)', '1', 'm'],
    ['h polkitd(authority=local): m', 'h', 'polkitd(authority=local)', null, 'm'],
    ['h app(a=b)[7]: m', 'h', 'app(a=b)', '7', 'm'],
    ['h app(a=b: m', 'h', null, null, 'app(a=b: m'],
    ['h app(a)=b: m', 'h', null, null, 'app(a)=b: m'],
    ['h b4fb,UAP-6.6.55+15189: x: m', 'h', 'b4fb,UAP-6.6.55+15189', null, 'x: m'],
    ['h Mail::Filter[3]: m', 'h', 'Mail::Filter', '3', 'm'],
    ['CCLogTap::removed, Owner: x', null, null, null, 'CCLogTap::removed, Owner: x'],
    ['h {"a": 1}', 'h', null, null, '{"a": 1}'],
    ['h  [a]: 1', 'h', null, null, '[a]: 1'],
    ['{"a":1}', null, null, null, '{"a":1}'],
    ['h CEF:0|x|y|1.0|100|n|1|a=b', 'h', null, null, 'CEF:0|x|y|1.0|100|n|1|a=b'],
    ['h http://x/ is down', 'h', null, null, 'http://x/ is down'],
    ['h 10:20:30 noon', 'h', null, null, '10:20:30 noon'],
    ['date=2018-09-13 time=10:12:18', null, null, null, 'date=2018-09-13 time=10:12:18'],
    ['h Oct 11 22:14:14 g app: m', 'h', null, null, 'Oct 11 22:14:14 g app: m'],
    [': a message', null, null, null, 'a message'],
    ['h MSWinEventLog\t1\tx', 'h', null, null, 'MSWinEventLog\t1\tx'],
    [`h ${'p'.repeat(255)}: m`, 'h', 'p'.repeat(255), null, 'm'],
    [`h ${'p'.repeat(256)}: m`, 'h', null, null, `${'p'.repeat(256)}: m`],
    [`${'h'.repeat(256)} app: m`, null, null, null, `${'h'.repeat(256)} app: m`],
  ]
  test.each(cases)('%j', (line, host, program, pid, message) => {
    expect(read(`<13>Oct 11 22:14:15 ${line}`)).toMatchObject({ host, program, pid, message })
    expect(read(`<13>2026-10-11T22:14:15Z ${line}`)).toMatchObject({ host, program, pid, message })
  })

  test.each([
    ['app: m', 'app', 'm'],
    ['app[1]: m', 'app', 'm'],
    ['%ASA-6-302013: Built', '%ASA-6-302013', 'Built'],
    ['h app: m', null, 'h app: m'],
    ['app[1] m', null, 'app[1] m'],
    ['app:m', null, 'app:m'],
    ['8,3,"28629: SMB: x', null, '8,3,"28629: SMB: x'],
    ['   { "c": 2 }', null, '   { "c": 2 }'],
  ])('without a time: %j', (line, program, message) => {
    expect(read(line)).toMatchObject({ program, message, host: null, time: null })
    expect(read(line).flags).toContain('timestamp_missing')
  })

  test('reads a tag without colon where that is wanted', () => {
    const bytes = Buffer.from('<13>Oct 11 22:14:15 host app message text')
    expect(parse(bytes, RECEPTION, zoneOf('UTC'), true)).toMatchObject({
      host: 'host',
      program: 'app',
      message: 'message text',
    })
  })

  test('keeps the blank after the colon for those who want it', () => {
    const bytes = Buffer.from('<134>Dec  3 00:24:38 controller haproxy[1474]: 10.2.4.107:39510')
    const header = new Header()
    parseHeader(header, bytes, 0, bytes.length, RECEPTION, zoneOf('UTC'))
    expect(bytes.toString('utf8', header.afterTagStart, header.lineEnd)).toBe(' 10.2.4.107:39510')
    expect(bytes.toString('utf8', header.messageStart, header.lineEnd)).toBe('10.2.4.107:39510')
    expect(bytes.toString('utf8', header.lineStart, header.lineStart + 6)).toBe('Dec  3')
  })
})

describe('Cisco', () => {
  const S = '%SYS-5-CONFIG_I'
  test.each([
    ['<189>237: Jan  8 19:46:03.295: %SYS-5-CONFIG_I: m', null, S, '01-08T19:46:03.295', ['cisco']],
    ['<189>237: *Jan  8 19:46:03.295: %SYS-5-CONFIG_I: m', null, S, '01-08T19:46:03.295', ['cisco']],
    ['<189>237: 000485: .Jan  8 19:46:03: %SYS-5-CONFIG_I: m', null, S, '01-08T19:46:03.000', ['cisco']],
    ['<189>: Jan  8 19:46:03: %SYS-5-CONFIG_I: m', null, S, '01-08T19:46:03.000', ['cisco']],
    ['<189>*Jan  8 19:46:03: %SYS-5-CONFIG_I: m', null, S, '01-08T19:46:03.000', ['cisco']],
    ['<189>237: router1: Jan  8 19:46:03: %SYS-5-CONFIG_I: m', 'router1', S, '01-08T19:46:03.000', ['cisco']],
    ['<189>237: 45: r.x: *Jan  8 19:46:03 UTC: %SYS-5-CONFIG_I: m', 'r.x', S, '01-08T19:46:03.000', ['cisco']],
    ['<189>router1: Jan  8 19:46:03: %SYS-5-CONFIG_I: m', 'router1', S, '01-08T19:46:03.000', ['cisco']],
    ['<189>237: Jan  8 19:46:03.295 XYZ: %SYS-5-CONFIG_I: m', null, S, '01-08T19:46:03.295', ['cisco']],
    ['<189>237: Jan  8 19:46:03: OSPF hello', null, null, '01-08T19:46:03.000', ['no_program', 'cisco']],
    ['<189>237: 51w2d: %SYS-5-CONFIG_I: m', null, S, null, ['timestamp_missing', 'cisco']],
    ['<189>00:00:12: %SYS-5-CONFIG_I: m', null, S, null, ['timestamp_missing', 'cisco']],
    ['<189>237: r1: 1y23w: %SYS-5-CONFIG_I: m', 'r1', S, null, ['timestamp_missing', 'cisco']],
    ['<189>237: %SYS-5-CONFIG_I: m', null, S, null, ['timestamp_missing', 'cisco']],
    ['<166>Jan  8 19:46:03 fw1 : %ASA-6-302013: m', 'fw1', '%ASA-6-302013', '01-08T19:46:03.000', []],
    ['<166>Jan  8 19:46:03 fw1: %ASA-6-302013: m', 'fw1', '%ASA-6-302013', '01-08T19:46:03.000', []],
    [
      '<166>:Jan  8 19:46:03 UTC: %ASA-session-6-302013: m',
      null,
      '%ASA-session-6-302013',
      '01-08T19:46:03.000',
      ['cisco'],
    ],
    ['<189>Jan  8 19:46:03 r %PKT_INFRA-LINK-3-UPDOWN : m', 'r', '%PKT_INFRA-LINK-3-UPDOWN', '01-08T19:46:03.000', []],
    ['<189>: 2026 Jan  8 19:46:03 CET: %SYS-5-CONFIG_I: m', null, S, '01-08T18:46:03.000', ['cisco']],
    ['<180>782431: m1: Jan  8 19:46:03.631 UTC: %SYS-5-CONFIG_I: m', 'm1', S, '01-08T19:46:03.631', ['cisco']],
    ['<13>237: m', null, '237', null, ['timestamp_missing']],
    ['<13>app: Jan  8 19:46:03 m', null, 'app', null, ['timestamp_missing']],
  ])('%s', (line, host, program, time, flags) => {
    const got = read(line)
    expect(got).toMatchObject({ host, program })
    expect(got.message.endsWith(program === null ? 'OSPF hello' : 'm')).toBe(true)
    expect(got.time).toBe(time === null ? null : `2026-${time}Z`)
    expect(got.flags.filter((flag) => flag !== 'host_from_sender')).toEqual(flags)
  })
})

describe('RFC 5424', () => {
  function fields(line: string) {
    const bytes = Buffer.from(line)
    const header = new Header()
    parseHeader(header, bytes, 0, bytes.length, RECEPTION, zoneOf('UTC'))
    const text = (start: number, end: number) => (start < 0 ? null : bytes.toString('utf8', start, end))
    return {
      ...read(line),
      version: header.version,
      msgid: text(header.msgidStart, header.msgidEnd),
      structured: text(header.structuredStart, header.structuredEnd),
    }
  }

  test('every field', () => {
    const line = '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 ID47 [a@1 b="c\\"]"][d e="f"] %% text'
    expect(fields(line)).toMatchObject({
      version: 1,
      pri: 165,
      time: '2003-08-24T12:14:15.000Z',
      host: '192.0.2.1',
      program: 'myproc',
      pid: '8710',
      msgid: 'ID47',
      structured: '[a@1 b="c\\"]"][d e="f"]',
      message: '%% text',
      flags: [],
    })
  })

  test('no field', () => {
    expect(fields('<14>1 - - - - - -')).toMatchObject({
      version: 1,
      time: null,
      host: null,
      program: null,
      pid: null,
      msgid: null,
      structured: null,
      message: '',
      flags: ['timestamp_missing', 'no_program', 'host_from_sender', 'empty'],
    })
  })

  test.each([
    ['-', null, 'm', []],
    ['[a]', '[a]', 'm', []],
    ['[a b= "c"]', '[a b= "c"]', 'm', []],
    ['[Originator@6876 sub=Vimsvc.ha]', '[Originator@6876 sub=Vimsvc.ha]', 'm', []],
    ['[]', null, '[] m', ['structured_data_invalid']],
    ['[a', null, '[a m', ['structured_data_invalid']],
    ['[a b]', null, '[a b] m', ['structured_data_invalid']],
    ['[a b="c]', null, '[a b="c] m', ['structured_data_invalid']],
    ['[a b="c"]x', null, '[a b="c"]x m', ['structured_data_invalid']],
    ['[a b="c\\"]', null, '[a b="c\\"] m', ['structured_data_invalid']],
    ['-x', null, '-x m', ['structured_data_invalid']],
  ])('structured data %s', (data, structured, message, flags) => {
    const got = fields(`<14>1 2003-10-11T22:14:15Z h app - - ${data} m`)
    expect(got).toMatchObject({ host: 'h', program: 'app', structured, message, flags })
  })

  test('lines that end early have what they have', () => {
    expect(fields('<14>1 2003-10-11T22:14:15Z h')).toMatchObject({ host: 'h', program: null, message: '' })
    expect(fields('<14>1 2003-10-11T22:14:15Z')).toMatchObject({ host: null, time: '2003-10-11T22:14:15.000Z' })
    expect(fields('<14>1 2003-10-99T22:14:15Z h app - - - m')).toMatchObject({
      time: null,
      stamp: '2003-10-99T22:14:15Z',
      program: 'app',
      message: 'm',
      flags: ['timestamp_invalid'],
    })
  })

  test('the same text in rsyslog’s forward format, which keeps the blank after the tag', () => {
    expect(fields('<14>1 2003-10-11T22:14:15Z h app - - -  m').message).toBe('m')
    expect(fields('<14>1 2003-10-11T22:14:15Z h app - - -   m').message).toBe(' m')
    expect(fields('<14>1 2003-10-11T22:14:15Z h app - - - \ufeffm').message).toBe('m')
  })
})

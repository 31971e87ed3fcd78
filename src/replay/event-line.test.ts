import { expect, test } from 'vitest'
import { eventLine } from './event-line.ts'

function line(document: unknown): string | undefined {
  return eventLine(document)?.line.toString()
}

test('event.original is sent exactly, nested, dotted or in a hit', () => {
  const original = '<38>Nov 23 03:14:23 web1 sshd[12]: hello\n'
  expect(line({ event: { original }, message: 'hello' })).toBe(original)
  expect(line({ 'event.original': original, message: 'hello' })).toBe(original)
  expect(line({ _index: 'syslog', _id: '1', _source: { event: { original } } })).toBe(original)
})

test('a recorded datagram is sent as its bytes, with the time of its reception', () => {
  expect(eventLine({ raw_hex: 'ff00', raw: '?', received: 1795403661.5 })).toEqual({
    line: Buffer.of(0xff, 0),
    time: 1795403661500,
  })
})

test('without the original, an RFC 3164 line is made from the fields', () => {
  const event = {
    '@timestamp': '2026-11-23T03:14:23.761Z',
    message: 'session opened',
    host: { name: 'web1' },
    process: { name: 'sshd', pid: 12 },
    log: { syslog: { priority: 86 } },
  }
  expect(line(event)).toBe('<86>2026-11-23T03:14:23.761Z web1 sshd[12]: session opened')
  const { message, host, process } = event
  expect(line({ message, host, process })).toBe('sshd[12]: session opened')
  expect(line({ message, '@timestamp': '2026-11-23T03:14:23' })).toBe('2026-11-23T03:14:23.000Z - session opened')
  const syslog = { facility: { code: 4 }, severity: { code: 6 } }
  expect(line({ message: 'm', log: { syslog } })).toBe('<38>m')
})

test('words that would break the header are left out', () => {
  const event = { '@timestamp': 0, message: 'm', host: { name: 'two words' }, process: { name: 'a\nb' } }
  expect(line(event)).toBe('1970-01-01T00:00:00.000Z - m')
})

test('the logstash shape has its line in message', () => {
  const message = 'Dec  3 00:24:38 controller haproxy[1474]: 10.2.4.107:39510 x'
  const event = { message, '@timestamp': '2013-12-03T00:24:38', '@message': ' 10.2.4.107:39510 x', program: 'haproxy' }
  expect(eventLine(event)).toEqual({ line: message, time: Date.UTC(2013, 11, 3, 0, 24, 38) })
})

test('the older logstash form has only @message', () => {
  const event = {
    '@timestamp': '2013-12-03T00:24:38.000Z',
    '@source_host': 'controller',
    '@message': 'text',
    '@fields': { program: 'nova', pid: '7' },
  }
  expect(line(event)).toBe('2013-12-03T00:24:38.000Z controller nova[7]: text')
})

test('a message that is a line already stays as it is', () => {
  expect(line({ message: '<13>Nov 23 03:14:23 h p: x', host: { name: 'other' } })).toBe('<13>Nov 23 03:14:23 h p: x')
})

test('hostile documents give no line or a harmless one', () => {
  for (const nothing of [null, 7, 'text', [], {}, { message: 5 }, { event: null }, { event: { original: {} } }]) {
    expect(eventLine(nothing)).toBeNull()
  }
  expect(line({ message: 'm', log: { syslog: { priority: 500 } } })).toBe('m')
  expect(line({ message: 'm', log: { syslog: { priority: '<1>' } } })).toBe('m')
  expect(line({ message: 'm', '@timestamp': 1e300 })).toBe('m')
  expect(line(JSON.parse('{"__proto__":{"message":"no"},"message":"yes"}'))).toBe('yes')
})

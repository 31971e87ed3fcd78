import fc from 'fast-check'
import { expect, test } from 'vitest'
import { documentOf } from './document.ts'

const NOW = Date.UTC(2026, 10, 23, 8, 0, 0)
const document = (text: string | Buffer) => documentOf(Buffer.from(text), NOW)

test.each([
  [
    'Logstash',
    '{"message":"Dec  3 00:24:38 controller sshd[1]: x","@version":"1","@timestamp":"2013-12-03T00:24:38.000Z","type":"syslog","host":"controller"}',
    'controller',
    '2013-12-03T00:24:38.000Z',
  ],
  [
    'Logstash of 2013',
    '{"@source":"tcp://10.0.0.1/","@tags":[],"@fields":{},"@timestamp":"2013-12-03T00:24:38","@source_host":"controller","@message":"x"}',
    'controller',
    '2013-12-03T00:24:38.000Z',
  ],
  [
    'Filebeat',
    '{"@timestamp":"2024-01-24T12:34:56.789Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.12.0"},"message":"x","log":{"offset":0,"file":{"path":"/var/log/syslog"}},"input":{"type":"filestream"},"ecs":{"version":"8.0.0"},"host":{"name":"web1"},"agent":{"type":"filebeat"}}',
    'web1',
    '2024-01-24T12:34:56.789Z',
  ],
  [
    'rsyslog',
    '{"@timestamp":"2026-11-23T08:53:14.911450+00:00", "hostname":"vm", "programname":"app", "severity":"notice", "message":"hello \\"quoted\\" 1"}',
    'vm',
    '2026-11-23T08:53:14.911Z',
  ],
])('an event of %s stays as it is', (_, text, host, time) => {
  expect(document(text)).toEqual({ bytes: Buffer.from(text), host, time: Date.parse(time) })
})

test('an event without a time gets that of reception', () => {
  expect(document('{"message":"x"}').bytes.toString()).toBe('{"@timestamp":"2026-11-23T08:00:00.000Z","message":"x"}')
  expect(document(' {}').bytes.toString()).toBe('{"@timestamp":"2026-11-23T08:00:00.000Z"}')
  expect(document('{}').time).toBe(NOW)
})

test('line ends between tokens become blanks, those in texts are escaped already', () => {
  const { bytes } = document('\n{\r\n  "@timestamp": 1,\n  "message": "a\\nb"\n}\n')
  expect(bytes.toString()).toBe('{    "@timestamp": 1,   "message": "a\\nb" } ')
})

test.each(['', 'plain text', '{"cut":', '[1]', '"text"', 'null', '{"a":1}{"b":2}', 'a\0b\nc\u001b[2J'])(
  'what is no JSON object is an event with its text: %j',
  (text) => {
    const { bytes, time } = document(text)
    expect(JSON.parse(bytes.toString())).toEqual({
      '@timestamp': '2026-11-23T08:00:00.000Z',
      message: text.replaceAll('\0', '\\0'),
      tags: ['_jsonparsefailure'],
    })
    expect(time).toBe(NOW)
  },
)

test('big numbers and repeated names keep their spelling', () => {
  const text = '{"@timestamp":"2024-01-24T12:34:56Z","n":12345678901234567890.10,"a":1,"a":2}'
  expect(document(text).bytes.toString()).toBe(text)
})

test('any bytes make one line of JSON', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(anything, (bytes) => {
      const { bytes: made, time } = documentOf(Buffer.from(bytes), NOW)
      expect(made.includes('\n')).toBe(false)
      expect(JSON.parse(made.toString())).toHaveProperty(['@timestamp'])
      expect(typeof time).toBe('number')
    }),
  )
})

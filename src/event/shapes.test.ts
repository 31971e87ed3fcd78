import { expect, test } from 'vitest'
import { eventsOf } from '../deliver/bulk-lines.ts'
import { Lane } from '../lane/lane.ts'
import type { LaneOptions } from '../lane/options.ts'
import { Sender } from '../receive/sender.ts'

const DAY = 86_400_000
const options: LaneOptions = {
  stream: '00112233445566ff',
  input: 'test',
  shape: 'ecs',
  timezone: 'UTC',
  senders: [],
  routes: [],
  filters: {},
  archive: '/var/log/${host}/${service}.log',
  outputs: [{ name: 'out', index: 'syslog-%Y.%m.%d' }],
  window: { back: 30 * DAY, ahead: DAY },
  credits: 8,
}

function eventsFrom(datagram: string | Buffer, received: string, more: Partial<LaneOptions> = {}) {
  const events: {
    action: { create: { _index: string; _id: string } }
    document: Record<string, unknown>
    text: string
  }[] = []
  const lane = new Lane(
    { ...options, ...more },
    {
      batch({ body }) {
        for (const { actionStart, documentStart, documentEnd } of eventsOf(body)) {
          const text = Buffer.from(body.subarray(documentStart, documentEnd)).toString()
          const action = JSON.parse(Buffer.from(body.subarray(actionStart, documentStart)).toString())
          events.push({ action, document: JSON.parse(text), text })
        }
      },
      archive() {},
      positions() {},
      seen() {},
      counters() {},
      captureStopped() {},
    },
  )
  const bytes = Buffer.from(datagram)
  lane.push(bytes, 0, bytes.length, new Sender('192.0.2.7', true), Date.parse(received))
  lane.flush()
  return events
}

const HAPROXY =
  'Dec  3 00:24:38 controller haproxy[1474]: 10.2.4.107:39510 [03/Dec/2013:00:24:38.457] nova-compute-api nova-compute-api/controller-2 0/0/4 280 -- 0/0/0/0/0 0/0'

test('a HAProxy line gives the logstash form of 2013, exactly', () => {
  const [{ document }] = eventsFrom(`<134>${HAPROXY}`, '2013-12-03T00:24:39Z', {
    shape: 'logstash',
    routes: [{ name: 'access', service: 'haproxy_access', archive: '/var/log/controller1/${service}.log' }],
  })
  expect(document).toEqual({
    message: HAPROXY,
    '@timestamp': '2013-12-03T00:24:38',
    type: 'syslog_haproxy',
    path: '/var/log/controller1/haproxy_access.log',
    program: 'haproxy',
    received_at: 'Dec  3 00:24:38',
    syslog_severity: 'INFO',
    '@source_host': 'controller',
    '@message':
      ' 10.2.4.107:39510 [03/Dec/2013:00:24:38.457] nova-compute-api nova-compute-api/controller-2 0/0/4 280 -- 0/0/0/0/0 0/0',
  })
})

test('the same line in ECS, under its own day, with an id that sorts', () => {
  const [{ document, action }] = eventsFrom(`<134>${HAPROXY}\n`, '2013-12-03T00:24:39.25Z')
  expect(action).toEqual({ create: { _index: 'syslog-2013.12.03', _id: '00112233445566ff-000000000000001' } })
  expect(document).toEqual({
    '@timestamp': '2013-12-03T00:24:38.000Z',
    message: HAPROXY.slice(HAPROXY.indexOf(': ') + 2),
    event: { original: `<134>${HAPROXY}`, created: '2013-12-03T00:24:39.250Z' },
    host: { name: 'controller' },
    process: { name: 'haproxy', pid: 1474 },
    log: {
      level: 'info',
      source: { address: '192.0.2.7' },
      syslog: { priority: 134, facility: { code: 16, name: 'local0' }, severity: { code: 6, name: 'info' } },
    },
    sluice: { route: 'unrouted' },
  })
})

test('RFC 5424 with structured data, a pid that is no number, and what a hostile line can hold', () => {
  const [{ document, text }] = eventsFrom(
    Buffer.from(
      '<165>1 2026-11-23T03:14:15.003456+01:00 h app 7:a ID47 [x@1 k="a\\"]b"][__proto__ y="1"] \x1b[31m\0\xff',
      'latin1',
    ),
    '2026-11-23T02:14:16Z',
  )
  expect(document).toMatchObject({
    '@timestamp': '2026-11-23T02:14:15.003Z',
    message: '\x1b[31m\\0\ufffd',
    process: { name: 'app' },
    log: { syslog: { procid: '7:a', version: '1', msgid: 'ID47', structured_data: { 'x@1': { k: 'a"]b' } } } },
    sluice: { flags: ['not_utf8', 'nul_escaped'] },
  })
  expect(text).toContain('"__proto__":{"y":"1"}')
})

test('a date far from reception keeps its time, but goes to the index of the day of reception, flagged', () => {
  const [{ document, action }] = eventsFrom('<13>1 1970-01-02T00:00:00Z h app - - - old', '2026-11-23T02:14:16Z')
  expect(document['@timestamp']).toBe('1970-01-02T00:00:00.000Z')
  expect(document.sluice).toMatchObject({ flags: ['date_out_of_range'] })
  expect(action.create._index).toBe('syslog-2026.11.23')
})

test('a line without any header is an event of its sender, received when it was', () => {
  const [{ document }] = eventsFrom('{"a":1}', '2026-11-23T02:14:16.5Z')
  expect(document).toMatchObject({
    '@timestamp': '2026-11-23T02:14:16.500Z',
    message: '{"a":1}',
    host: { name: '192.0.2.7' },
    log: { syslog: { priority: 13 } },
  })
  expect(document).not.toHaveProperty('process')
  expect(document.sluice).toMatchObject({ flags: expect.arrayContaining(['pri_missing', 'host_from_sender']) })
})

test('a sender in another zone, named by network or by the header’s host, has its stamps read there', () => {
  const line = '<13>Nov 23 03:14:15 far app: hi'
  const at = (senders: LaneOptions['senders']) =>
    eventsFrom(line, '2026-11-23T02:14:16Z', { senders })[0].document['@timestamp']
  expect(at([])).toBe('2026-11-23T03:14:15.000Z')
  expect(at([{ match: '192.0.2.0/24', timezone: '+01:00' }])).toBe('2026-11-23T02:14:15.000Z')
  expect(at([{ match: 'far', timezone: 'Europe/Berlin' }])).toBe('2026-11-23T02:14:15.000Z')
  expect(at([{ match: '198.51.100.1', timezone: '+05:00' }])).toBe('2026-11-23T03:14:15.000Z')
})

import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hit } from '../src/deliver/store/question.ts'
import { freePort, runProgram, startProgram } from './support/programs.ts'
import { type Running, startSluice, until, workspace } from './support/sluice.ts'

let dir: Awaited<ReturnType<typeof workspace>>
let sluice: Running
let port: string

beforeAll(async () => {
  dir = await workspace()
  const free = await freePort()
  port = String(free)
  sluice = await startSluice(
    dir.path,
    `
receive: [{ udp: "127.0.0.1:${port}" }, { tcp: "127.0.0.1:${port}" }]
archive: archive/\${host}/\${service}.log
deliver: [{ store: {} }]
metrics: false
`,
  )
})
afterAll(async () => {
  const report = await sluice.status()
  expect(await sluice.stop()).toBe(0)
  expect(report.closes).toBe(true)
  await dir[Symbol.asyncDispose]()
})

/** The events whose message has these words, once there are as many as expected. */
async function found(text: string, count = 1) {
  const hits = await until(`${count} events with '${text}' in the store`, async () => {
    const rows = await sluice.query({ kind: 'events', text, order: 'oldest' })
    return rows.length >= count && rows.map((row) => hit.parse(row))
  })
  expect(hits).toHaveLength(count)
  return hits.map(({ doc }) => JSON.parse(doc))
}

test.each([
  ['UDP, RFC 3164', ['-d', '--rfc3164']],
  ['UDP, RFC 5424', ['-d', '--rfc5424']],
  ['TCP, RFC 3164, newline', ['-T', '--rfc3164']],
  ['TCP, RFC 3164, octet count', ['-T', '--rfc3164', '--octet-count']],
  ['TCP, RFC 5424, octet count', ['-T', '--rfc5424', '--octet-count']],
])('logger over %s', async (name, options) => {
  const text = `logged-${name.replaceAll(/\W+/g, '-')}`
  await runProgram('logger', [
    '-n',
    '127.0.0.1',
    '-P',
    port,
    ...options,
    '-t',
    'the-app',
    '--id=4711',
    '-p',
    'local3.warning',
    text,
  ])
  const [event] = await found(text)
  expect(event).toMatchObject({
    message: text,
    process: { name: 'the-app', pid: 4711 },
    log: {
      level: 'warning',
      syslog: { priority: 156, facility: { name: 'local3' } },
      source: { address: '127.0.0.1' },
    },
  })
  expect(Math.abs(Date.parse(event['@timestamp']) - Date.now())).toBeLessThan(60_000)
  expect(event.sluice.flags).toBeUndefined()
  if (options.includes('--rfc5424')) expect(event.log.syslog.structured_data).toHaveProperty('timeQuality')
})

test('rsyslog forwards in its three formats, over UDP and TCP', async () => {
  const inPort = await freePort()
  const forward = (format: string, protocol: string, framing = '') =>
    `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="${protocol}" template="${format}"${framing})`
  const config = `
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="${inPort}")
${forward('RSYSLOG_TraditionalForwardFormat', 'udp')}
${forward('RSYSLOG_ForwardFormat', 'tcp')}
${forward('RSYSLOG_SyslogProtocol23Format', 'tcp', ' TCP_Framing="octet-counted"')}
`
  const file = join(dir.path, 'rsyslog.conf')
  await writeFile(file, config)
  await using rsyslog = startProgram('rsyslogd', ['-n', '-f', file, '-i', join(dir.path, 'rsyslog.pid')])
  // rsyslog binds its port some time after it started: the line is sent until it has passed it on.
  const events = await until(`rsyslog forwards\n${rsyslog.said()}`, async () => {
    await runProgram('logger', [
      '-n',
      '127.0.0.1',
      '-P',
      String(inPort),
      '-d',
      '--rfc3164',
      '-t',
      'relayed',
      '-p',
      'auth.err',
      'through-rsyslog',
    ])
    const rows = await sluice.query({ kind: 'events', text: 'through-rsyslog' })
    const docs = rows.map((row) => JSON.parse(hit.parse(row).doc))
    const forms = new Set(
      docs.map((doc) => (doc.log.syslog.version ? '5424' : doc.event.original.includes('T') ? 'iso' : 'bsd')),
    )
    return forms.size === 3 && docs
  })
  for (const event of events) {
    expect(event).toMatchObject({
      process: { name: 'relayed' },
      log: { level: 'err', syslog: { priority: 35, facility: { name: 'auth' } } },
    })
    expect(event.message.trim()).toBe('through-rsyslog')
    expect(event.host.name).not.toBe('127.0.0.1')
  }
})

test('HAProxy logs its requests and its state', async () => {
  const front = await freePort()
  const back = await freePort()
  const config = `
global
  log 127.0.0.1:${port} local0
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${front}
  default_backend app
backend app
  server one 127.0.0.1:${back} check inter 100ms
`
  const file = join(dir.path, 'haproxy.cfg')
  await writeFile(file, config)
  await using haproxy = startProgram('haproxy', ['-db', '-f', file])
  await until(`HAProxy answers\n${haproxy.said()}`, () => request(front))
  const [access] = await until('an access line', async () => {
    const rows = await sluice.query({ kind: 'events', text: '"GET /through-haproxy"' })
    return rows.length > 0 && rows.map((row) => JSON.parse(hit.parse(row).doc))
  })
  // As shipped, HAProxy names no host and ends each datagram with a newline.
  expect(access).toMatchObject({
    host: { name: '127.0.0.1' },
    process: { name: 'haproxy', pid: expect.any(Number) },
    log: { syslog: { facility: { name: 'local0' } } },
    sluice: { flags: ['host_from_sender'] },
  })
  expect(access.message).toMatch(
    /^127\.0\.0\.1:\d+ \[.*] web app\/(one|<NOSRV>) .* "GET \/through-haproxy HTTP\/1\.[01]"$/,
  )
  const [down] = await found('"backend app has no server available"')
  expect(down.log.level).toBe('emerg')
})

function request(to: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to, '127.0.0.1', () => socket.write('GET /through-haproxy HTTP/1.0\r\n\r\n'))
    socket.on('data', () => {})
    socket.on('end', () => resolve(true))
    socket.on('error', () => resolve(false))
  })
}

test("Python's SysLogHandler, which sends no time, no host and a trailing NUL", async () => {
  const script = `
import logging, logging.handlers
log = logging.getLogger()
handler = logging.handlers.SysLogHandler(('127.0.0.1', ${port}), logging.handlers.SysLogHandler.LOG_LOCAL5)
handler.setFormatter(logging.Formatter('pyapp[%(process)d]: %(message)s'))
log.addHandler(handler)
log.error('from python: grüße')
`
  await runProgram('python3', ['-c', script])
  const [event] = await found('"from python"')
  expect(event).toMatchObject({
    message: 'from python: grüße',
    host: { name: '127.0.0.1' },
    process: { name: 'pyapp' },
    log: { level: 'err', syslog: { facility: { name: 'local5' } } },
    sluice: { flags: ['timestamp_missing', 'host_from_sender'] },
  })
  expect(await readFile(join(sluice.data, 'archive', '127.0.0.1', 'pyapp.log'), 'utf8')).toMatch(
    /^pyapp\[\d+]: from python: grüße\n$/,
  )
})

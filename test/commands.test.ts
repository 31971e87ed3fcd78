import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { type Case, corpus, rawBytes } from './header-cases.ts'
import { freePort, runCommand } from './support/programs.ts'
import { startSluice, until, workspace } from './support/sluice.ts'

const sluice = (args: string[], input: string | Buffer = '') =>
  runCommand(process.execPath, ['src/main.ts', ...args], input)

test('parse prints what the lane makes of datagrams of any bytes, with time of reception and sender as told', async () => {
  const hex = Buffer.from('<13>Dec 31 23:59:58 app: a\nb\0', 'latin1').toString('hex')
  const { code, stdout } = await sluice(
    ['parse', '--hex', '--received', '2014-01-01T00:00:03Z', '--from', '2001:db8::7'],
    `${hex}\n`,
  )
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    message: 'a\nb',
    host: { name: '2001:db8::7' },
    process: { name: 'app' },
    log: { source: { address: '2001:db8::7' } },
    event: { created: '2014-01-01T00:00:03.000Z' },
  })
  expect(new Date(JSON.parse(stdout)['@timestamp']).getUTCFullYear()).toBeLessThan(2015)
})

function pick(from: object, names: string[]) {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
}

test.each([
  [['parse', '--hex'], 'xyz\n', 'hexadecimal'],
  [['parse', '--received', 'yesterday'], '', 'ISO 8601'],
  [['parse', '--from', 'localhost'], '', 'IP address'],
  [['run', '--capture-max', 'much'], '', '200mb'],
  [['status', '--hosts', '-1'], '', 'number'],
])('%j is refused as wrong usage, saying what was wanted', async (args, input, wanted) => {
  const { code, stderr } = await sluice(args, input)
  expect({ code, said: stderr }).toMatchObject({ code: 2, said: expect.stringContaining(wanted) })
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('parse takes a whole capture: each of its datagrams is one event with the header fields as captured', async () => {
  const cases = corpus<Case>('wire.jsonl')
  const input = cases.map((wire) => `${rawBytes(wire).toString('hex')}\n`).join('')
  // Without datasets, which know more than the header: oslo.log, say, writes its pid into the text.
  await using dir = await workspace()
  const config = join(dir.path, 'plain.yaml')
  await writeFile(config, 'datasets: false\ndeliver: [{ store: {} }]\n')
  const { stdout } = await sluice(['parse', '-c', config, '--hex', '--from', '192.0.2.1'], input)
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(events).toHaveLength(cases.length)
  for (const [i, { id, expect: wanted = {} }] of cases.entries()) {
    const { host, process, message, log } = events[i]
    const pid = process?.pid === undefined ? (log.syslog.procid ?? null) : String(process.pid)
    const facility = log.syslog.facility.code
    const severity = log.syslog.severity.code
    const given = { facility, severity, host: host.name, program: process?.name ?? null, pid, message }
    // A host that the header does not name is the sender.
    const stated = { ...wanted, ...(wanted.host === null ? { host: '192.0.2.1' } : {}) }
    expect({ id, ...given }).toMatchObject({ id, ...pick(stated, Object.keys(given)) })
  }
})

test('status and metrics tell the same ledger; a stopped one shows its closing ledger', async () => {
  await using dir = await workspace()
  const port = await freePort()
  const http = await freePort()
  const config = `
receive: [{ udp: "127.0.0.1:${port}" }]
routes: [{ name: noise, filter: program("noise"), drop: true }]
archive: archive/\${host}/\${service}.log
deliver: [{ store: {} }]
metrics: 127.0.0.1:${http}
`
  const running = await startSluice(dir.path, config)
  const sender = await openSender(`udp://127.0.0.1:${port}`)
  const lines = ['<13>Nov 23 03:14:21 web1 app: one', '<13>Nov 23 03:14:21 web1 noise: two', '<999>odd']
  await sender.send(Datagrams.of(lines))
  await until('all three are accounted for', async () => {
    const { received, dropped, delivered } = (await running.status()).outputs[0]
    return received === 3 && dropped === 1 && delivered === 2
  })

  const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()
  for (const line of [
    `sluice_received_total{input="udp 127.0.0.1:${port}"} 3`,
    'sluice_dropped_total{rule="noise"} 1',
    'sluice_delivered_total{output="store"} 2',
    'sluice_ledger_closes{output="store"} 1',
    `sluice_flagged_total{input="udp 127.0.0.1:${port}",flag="pri_invalid"} 1`,
    'sluice_archived_lines_total 2',
  ]) {
    expect(metrics.split('\n')).toContain(line)
  }
  const ready = await fetch(`http://127.0.0.1:${http}/health/ready`)
  expect({ status: ready.status, body: await ready.json() }).toEqual({
    status: 200,
    body: { ready: true, reasons: [], warnings: [] },
  })

  const shown = await sluice(['status', '--data', running.data])
  expect(shown.code).toBe(0)
  expect(shown.stdout).toMatch(/3 {2}received\n.*\n? *.*1 {2}dropped by rule/)
  expect(shown.stdout).toContain('the sum closes')
  expect(await running.stop()).toBe(0)

  const after = await sluice(['status', '--json', '--data', running.data])
  expect(JSON.parse(after.stdout)).toMatchObject({
    running: false,
    closes: true,
    outputs: [{ received: 3, dropped: 1, delivered: 2, lost: {} }],
  })
  const nowhere = await sluice(['status', '--data', join(dir.path, 'nowhere')])
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('No sluice runs') })
  await sender.close()
})

test('run --capture records what arrives, and replay sends it again, byte for byte', async () => {
  await using dir = await workspace()
  const [port, second] = [await freePort(), await freePort()]
  const config = (at: number) => `receive: [{ udp: "127.0.0.1:${at}" }]\ndeliver: [{ store: {} }]\nmetrics: false\n`
  const lines = ['<13>Nov 23 03:14:21 web1 app: grüße', Buffer.from([0x3c, 0x31, 0x3e, 0, 0xff, 0x1b])]
  const capture = join(dir.path, 'today.capture')
  {
    await using first = await startSluice(dir.path, config(port), [], ['--capture', capture])
    const sender = await openSender(`udp://127.0.0.1:${port}`)
    await sender.send(Datagrams.of(lines))
    await until('both are received', async () => (await first.status()).outputs[0].received === 2)
    await first.stop()
    await sender.close()
  }
  expect((await readFile(capture, 'utf8')).split('\n')[0]).toBe('{"sluice":"capture","version":1}')
  await writeFile(join(dir.path, 'empty'), '')
  await using other = await startSluice(join(dir.path), config(second))
  const { code, stderr } = await sluice(['replay', capture, '--to', `udp://127.0.0.1:${second}`])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  await until('both are stored again', async () => (await other.status()).outputs[0].delivered === 4)
  const docs = await other.query({ kind: 'top', field: 'program', n: 10 })
  expect(docs).toContainEqual({ value: 'app', events: 2 })
})

import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askReceiveBuffer, localAddress, openUdpSockets, receiveBuffer } from '../src/receive/udp/socket.ts'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { runProgram } from './support/programs.ts'
import { startSluice, storedEvents, until, workspace } from './support/sluice.ts'

/** The socket of a service manager: it lives on while no sluice runs. */
function heldSocket(bytes: number) {
  const [fd] = openUdpSockets('127.0.0.1', 0, 1)
  askReceiveBuffer(fd, bytes)
  return { fd, port: localAddress(fd)?.port ?? 0, [Symbol.dispose]: () => closeSync(fd) }
}

const lines = (from: number, count: number) =>
  Datagrams.of(Array.from({ length: count }, (_, i) => `<13>Nov 23 03:14:21 web1 app: line ${from + i}`))

test('a restart loses nothing: what arrives while no process runs waits in the socket that is handed over', async () => {
  await using dir = await workspace()
  using socket = heldSocket(8 << 20)
  expect(receiveBuffer(socket.fd)).toBeGreaterThanOrEqual(8 << 20)
  const config = `
receive: [{ udp: "127.0.0.1:${socket.port}" }]
deliver: [{ store: {} }]
metrics: false
`
  const sender = await openSender(`udp://127.0.0.1:${socket.port}`)
  {
    await using first = await startSluice(dir.path, config, [socket.fd])
    await sender.send(lines(0, 100))
    expect(await first.stop()).toBe(0)
  }
  await sender.send(lines(100, 1000))
  await using second = await startSluice(dir.path, config, [socket.fd])
  await sender.send(lines(1100, 100))
  await until('all lines are in the store', async () => (await storedEvents(second)) === 1200)
  const [row] = (await second.status()).outputs
  expect(row).toMatchObject({ received: 1200, delivered: 1200, lost: {}, closes: true })
  expect(await second.query({ kind: 'events', text: '"line 599"' })).toHaveLength(1)
  await sender.close()
})

test('a second start takes up the backlog that the first could not deliver, and the ledger goes on', async () => {
  await using dir = await workspace()
  const [fd] = openUdpSockets('127.0.0.1', 0, 1)
  const port = localAddress(fd)?.port ?? 0
  closeSync(fd)
  const config = `
receive: [{ tcp: "127.0.0.1:${port}" }]
deliver: [{ store: {} }]
metrics: false
`
  {
    await using first = await startSluice(dir.path, config)
    const sender = await openSender(`tcp://127.0.0.1:${port}`)
    await sender.send(lines(0, 5000))
    await until('all is received', async () => (await first.status()).outputs[0].received === 5000)
    await first.kill()
    await sender.close().catch(() => {})
  }
  await using second = await startSluice(dir.path, config)
  const report = await until('the backlog is delivered', async () => {
    const report = await second.status()
    return report.outputs[0].buffered === 0 && report.outputs[0].inHand === 0 && report
  })
  const [row] = report.outputs
  expect(row.received).toBe(5000)
  expect(row.delivered + row.duplicates + (row.lost.crash ?? 0) + (row.lost.damaged ?? 0)).toBe(5000)
  expect(await storedEvents(second)).toBe(row.delivered + row.duplicates)
})

test('a second process with the same data directory is refused, with a clear message', async () => {
  await using dir = await workspace()
  const config = 'metrics: false\n'
  await using first = await startSluice(dir.path, config)
  const second = runProgram(process.execPath, ['src/main.ts', 'run', '-c', join(dir.path, 'sluice.yaml')])
  await expect(second).rejects.toThrow(`belongs to a running sluice (pid ${first.pid}`)
  expect((await first.status()).closes).toBe(true)
})

import { closeSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { OutputReport } from '../src/ledger/report.ts'
import { localAddress, openUdpSockets } from '../src/receive/udp/socket.ts'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { startSluice, storedEvents, until, workspace } from './support/sluice.ts'

const TOTAL = 200_000
/** What one receive call can take. */
const RECEIVE_CALL = 512

const sum = (row: OutputReport) =>
  row.joined +
  row.archivedOnly +
  row.buffered +
  row.delivered +
  row.duplicates +
  row.dead +
  row.dropped +
  row.refused +
  Object.values(row.lost).reduce((a, b) => a + b, 0)

async function linesBelow(dir: string): Promise<number> {
  const files = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.log'))
  const texts = await Promise.all(files.map((name) => readFile(join(dir, name), 'latin1')))
  return texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0)
}

/** 200 hosts and programs, one in eight for the archive alone, one in 16 dropped by a rule. */
function datagram(i: number): string {
  const program = i % 16 === 0 ? 'noise' : i % 8 === 1 ? 'archive-only' : `app${i % 23}`
  return `<${i % 192}>Nov 23 03:14:21 host${i % 200} ${program}[${i}]: event number ${i} of the flood`
}

test('the ledger closes exactly after two kills under full load, the archive too, and only what a kill can hold is missing', async () => {
  await using dir = await workspace()
  const [socket] = openUdpSockets('127.0.0.1', 0, 1)
  const { port } = localAddress(socket) ?? { port: 0 }
  const config = `
receive: [{ udp: "127.0.0.1:${port}", receive_buffer: 8mb }]
archive: archive/\${host}/\${service}.log
routes:
  - { name: noise, filter: program("noise"), drop: true }
  - { name: archive-only, filter: program("archive-only"), deliver: false }
deliver: [{ store: {} }]
metrics: false
`
  const sender = await openSender(`udp://127.0.0.1:${port}`)
  let sent = 0
  const send = async (upTo: number) => {
    for (; sent < upTo; sent += 500) {
      await sender.send(Datagrams.of(Array.from({ length: 500 }, (_, k) => datagram(sent + k))))
    }
  }
  for (const share of [0.3, 0.7]) {
    await using sluice = await startSluice(dir.path, config, [socket])
    const before = (await sluice.status()).outputs[0].received
    const flood = send(TOTAL * share)
    // In the middle of the flood: some of it is delivered, some is on its way.
    await until('some of the flood is received', async () => {
      const { received } = (await sluice.status()).outputs[0]
      return received > before + 5000
    })
    await sluice.kill()
    await flood
  }
  await using sluice = await startSluice(dir.path, config, [socket])
  await send(TOTAL)
  const report = await until('all is delivered', async () => {
    const report = await sluice.status()
    const [{ received, buffered, inHand }] = report.outputs
    const { kernel_drops: drops, archive_lines: given } = Object.values(report.inputs)[0]
    const archived = report.archive.lines + report.archive.uncertain
    if (received + drops < TOTAL - 2 * RECEIVE_CALL || archived < given) return false
    return buffered === 0 && inHand === 0 && report
  })
  const stored = await storedEvents(sluice)
  expect(await sluice.stop()).toBe(0)
  await sender.close()
  closeSync(socket)

  const [row] = report.outputs
  const [{ kernel_drops: kernelDrops }] = Object.values(report.inputs)
  const account = { ...row, kernelDrops, sent, stored }
  expect(sum(row), JSON.stringify(account)).toBe(row.received)
  expect(stored, JSON.stringify(account)).toBe(row.delivered + row.duplicates)
  expect(row.dropped).toBeGreaterThan(0)
  expect(row.archivedOnly).toBeGreaterThan(0)
  const { lines, uncertain, failed } = report.archive
  const [{ archive_lines: given }] = Object.values(report.inputs)
  expect({ lines: lines + uncertain, failed }).toEqual({ lines: given, failed: {} })
  const written = await linesBelow(join(sluice.data, 'archive'))
  expect(written, JSON.stringify(report.archive)).toBeGreaterThanOrEqual(lines)
  expect(written, JSON.stringify(report.archive)).toBeLessThanOrEqual(lines + uncertain)
  const missing = sent - row.received - kernelDrops
  expect(missing, JSON.stringify(account)).toBeGreaterThanOrEqual(0)
  expect(missing, JSON.stringify(account)).toBeLessThanOrEqual(2 * RECEIVE_CALL)
})

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { startBulkSink } from './support/bulk-sink.ts'
import { openCountingReceiver } from './support/counting-receiver.ts'
import { send } from './support/load.ts'
import type { Progress, Section } from './support/section.ts'
import { batchesOf } from './support/stages.ts'
import { figure } from './support/table.ts'
import { Lines } from './timing.ts'

const SECONDS = 3

/** What the machine itself allows: the ceiling of the sender, a bare receive loop, a bare write, prebuilt requests. */
export async function* runLimits({
  captures,
  progress,
}: {
  captures: readonly string[]
  progress: Progress
}): AsyncGenerator<Section> {
  const rows: [name: string, rate: number, micros: number][] = []
  const step = async (name: string, measure: () => Promise<[rate: number, micros: number]>) => {
    progress(name)
    rows.push([name, ...(await measure())])
  }
  await step('sending UDP with sendmmsg, to a socket that nobody reads', () => sending(captures))
  await step('receiving UDP with recvmmsg and counting, as fast as is sent', () => receiving(captures))
  const lines = new Lines(textsOf(captures))
  await step('writing the lines to a file', async () => writing(captures))
  await step('prebuilt bulk requests to the counting server', () => bulk(lines))
  yield {
    title: 'What the machine allows',
    head: ['', 'lines/s', 'CPU s/million'],
    rows: rows.map(([name, rate, micros]) => [name, figure(rate), figure(micros)]),
    notes: ['The sender and the counting server run on the same cores; CPU is that of the side named.'],
    figures: rows,
  }
}

function textsOf(captures: readonly string[]): string[] {
  return captures.flatMap((file) => {
    const bytes = readFileSync(file)
    return (file.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString('latin1').split('\n').filter(Boolean)
  })
}

async function sending(captures: readonly string[]): Promise<[number, number]> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  // The event loop has nothing to do meanwhile, but the socket is read all the same: a full one is dropped at once.
  const { port } = socket.address()
  const { sent, seconds, cpu } = await send({ to: `udp://127.0.0.1:${port}`, captures, rate: 0, seconds: SECONDS })
  socket.close()
  return [sent / seconds, (cpu * 1e6) / sent]
}

async function receiving(captures: readonly string[]): Promise<[number, number]> {
  await using receiver = await openCountingReceiver(true)
  const before = await receiver.counts()
  const { seconds } = await send({ to: `udp://127.0.0.1:${receiver.port}`, captures, rate: 0, seconds: SECONDS })
  await delay(200)
  const after = await receiver.counts()
  const datagrams = after.datagrams - before.datagrams
  return [datagrams / seconds, ((after.cpu - before.cpu) * 1e6) / datagrams]
}

function writing(captures: readonly string[]): [number, number] {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  try {
    const bytes = Buffer.from(textsOf(captures).join('\n'), 'latin1')
    const count = textsOf(captures).length
    const file = openSync(join(dir, 'lines'), 'w')
    const start = performance.now()
    const before = process.cpuUsage()
    const rounds = Math.ceil(1e6 / count)
    for (let round = 0; round < rounds; round++) {
      for (let at = 0; at < bytes.length; at += 65_536) writeSync(file, bytes, at, Math.min(65_536, bytes.length - at))
    }
    const { user, system } = process.cpuUsage(before)
    const seconds = (performance.now() - start) / 1000
    closeSync(file)
    return [(count * rounds) / seconds, (user + system) / (count * rounds)]
  } finally {
    rmSync(dir, { recursive: true })
  }
}

async function bulk(lines: Lines): Promise<[number, number]> {
  await using sink = await startBulkSink()
  const batches = batchesOf(lines)
  const bodies: [Buffer, number][] = []
  for (let at = 0; at < batches.length; at += 5) {
    const group = batches.slice(at, at + 5)
    bodies.push([Buffer.concat(group.map(({ body }) => body)), group.reduce((sum, { count }) => sum + count, 0)])
  }
  let events = 0
  const start = performance.now()
  const before = process.cpuUsage()
  const one = async () => {
    while (performance.now() - start < SECONDS * 1000) {
      for (const [body, count] of bodies) {
        const answer = await fetch(`${sink.url}/_bulk?filter_path=errors`, { method: 'POST', body })
        await answer.text()
        events += count
      }
    }
  }
  await Promise.all([one(), one()])
  const { user, system } = process.cpuUsage(before)
  return [(events * 1000) / (performance.now() - start), (user + system) / events]
}

/**
 * The sender's own ceiling: CPU and rate of sending over loopback, the kernel's part included. Best of five rounds.
 *
 *     node bench/send.ts
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender, type SenderOptions } from '../src/replay/sender.ts'

const ROUNDS = 5
const COUNT = 200_000
const LINE = '<38>Nov 23 03:14:23 web1 sshd[1234]: Failed password for root from 10.2.4.7 port 40780 ssh2 abcdefgh'

const datagrams = Datagrams.of(Array.from({ length: 2000 }, () => LINE))

async function measure(name: string, url: string, options: SenderOptions): Promise<void> {
  const sender = await openSender(url, options)
  let cpu = Number.POSITIVE_INFINITY
  let rate = 0
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    const started = performance.now()
    for (let sent = 0; sent < COUNT; sent += datagrams.count) await sender.send(datagrams)
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(before)
    cpu = Math.min(cpu, (user + system) / COUNT)
    rate = Math.max(rate, COUNT / seconds)
  }
  await sender.close(0)
  console.log(`${name.padEnd(12)} ${cpu.toFixed(2)} s of CPU per million, up to ${Math.round(rate)}/s`)
}

/** Another process, so that only sending is measured. */
async function receiver(script: string): Promise<{ port: number; stop: () => void }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout, 'data')
  return { port: Number(port), stop: () => child.kill('SIGKILL') }
}

// Bound, then never read: once it is full the kernel drops, and the rate is not the receiver's.
const udp = await receiver(`
  import dgram from 'node:dgram'
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    process.stdout.write(String(socket.address().port))
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 100)
  })`)
const tcp = await receiver(`
  import net from 'node:net'
  const server = net.createServer((socket) => socket.resume().on('error', () => {}))
  server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)))`)

console.log(`node ${process.version}, ${LINE.length} bytes a message`)
await measure('sendmmsg', `udp://127.0.0.1:${udp.port}`, {})
await measure('node:dgram', `udp://127.0.0.1:${udp.port}`, { native: false })
await measure('TCP, octets', `tcp://127.0.0.1:${tcp.port}`, {})
await measure('TCP, lines', `tcp://127.0.0.1:${tcp.port}`, { framing: 'newline' })
udp.stop()
tcp.stop()

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import {
  askReceiveBuffer,
  kernelDrops,
  localAddress,
  openUdpSockets,
  receiveBuffer,
} from '../src/receive/udp/socket.ts'
import { numbered, send } from './receive-harness.ts'

const CHILD = fileURLToPath(new URL('./receive-child.ts', import.meta.url))
const MIB = 1 << 20
const children: ChildProcess[] = []
const held: number[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const fd of held.splice(0)) closeSync(fd)
})

interface Child {
  /** The next line of its output. */
  next(): Promise<Record<string, unknown>>
  finish(): Promise<Record<string, unknown>>
}

function run(command: string, args: string[], fds: number[] = []): Child {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit', ...fds] })
  children.push(child)
  if (child.stdout === null || child.stdin === null) throw new Error('no pipes')
  const { stdin } = child
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? 'null')
  return {
    next,
    async finish() {
      stdin.end()
      const last = await next()
      if (child.exitCode === null) await once(child, 'exit')
      return last
    },
  }
}

/** Starts a receiver that inherits the sockets as a service manager would hand them over. */
function receiver(options: object, fds: number[]): Child {
  const shell = `LISTEN_PID=$$ LISTEN_FDS=${fds.length} LISTEN_FDNAMES=syslog exec "$0" "$@"`
  return run('sh', ['-c', shell, process.execPath, CHILD, JSON.stringify(options)], fds)
}

test.each([
  ['native', true],
  ['node:dgram', false],
])('UDP (%s): what arrives while no process runs is received after the restart, drops go on', async (_, native) => {
  const [fd] = openUdpSockets('127.0.0.1', 0, 1)
  held.push(fd)
  askReceiveBuffer(fd, 8 * MIB)
  const buffer = receiveBuffer(fd)
  const port = localAddress(fd)?.port ?? 0
  const options = { udp: { host: '127.0.0.1', port, lanes: 1, native, receiveBuffer: 64 * 1024, maxLength: 65_536 } }

  const first = receiver(options, [fd])
  expect(await first.next()).toMatchObject({ facts: { inherited: true, shortfall: null, port, native }, env: null })
  await send(port, ['before'])
  expect(await first.finish()).toMatchObject({ lines: ['before'] })

  const messages = numbered(1000)
  await send(port, messages)
  const drops = kernelDrops(fd)
  // 1,000 short datagrams take about 750 kB of a receive buffer, which some systems don't give.
  if (buffer >= MIB) expect(drops).toBe(0)

  const second = receiver(options, [fd])
  expect(await second.next()).toMatchObject({ facts: { inherited: true, sockets: [{ drops }] } })
  const last = await second.finish()
  expect(last).toEqual({ lines: messages.slice(0, 1000 - drops), drops })
  expect(receiveBuffer(fd)).toBe(buffer)
})

test('as many lanes as sockets were inherited', async () => {
  const fds = openUdpSockets('127.0.0.1', 0, 2)
  held.push(...fds)
  const port = localAddress(fds[0])?.port ?? 0
  const udp = { host: '127.0.0.1', port, lanes: 1, native: true, receiveBuffer: 64 * 1024, maxLength: 65_536 }
  const child = receiver({ udp }, fds)
  const { facts } = await child.next()
  expect(facts).toMatchObject({ inherited: true, sockets: [{}, {}] })
  await Promise.all(Array.from({ length: 40 }, (_, i) => send(port, [`${i}`])))
  const { lines } = await child.finish()
  expect(lines).toHaveLength(40)
})

test('a socket for another port is not taken', async () => {
  const [fd] = openUdpSockets('127.0.0.1', 0, 1)
  held.push(fd)
  const udp = { host: '127.0.0.1', port: 0, lanes: 1, native: true, receiveBuffer: 64 * 1024, maxLength: 65_536 }
  const child = receiver({ udp }, [fd])
  const { facts } = await child.next()
  expect(facts).toMatchObject({ inherited: false })
  await child.finish()
})

/** Listens, says the port, and becomes the receiver once told to. */
const TCP_HOLDER = `
import os, socket, sys
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
print(s.getsockname()[1], flush=True)
sys.stdin.readline()
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execv(sys.argv[1], [sys.argv[1], sys.argv[2], sys.argv[3].replace('PORT', str(s.getsockname()[1]))])
`

test('TCP: connections made while no process runs are served after the start', async () => {
  const tcp = `{"tcp":{"host":"127.0.0.1","port":PORT,"maxLength":65536,"maxConnections":10,"idleTimeout":60000,"flushAfter":1000}}`
  const child = spawn('python3', ['-c', TCP_HOLDER, process.execPath, CHILD, tcp], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const output = createInterface(child.stdout)[Symbol.asyncIterator]()
  const port = Number((await output.next()).value)
  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  client.end('<13>early\n')
  child.stdin.write('go\n')
  expect(JSON.parse((await output.next()).value ?? '')).toEqual({ facts: { port, inherited: true } })
  await once(client.resume(), 'close')
  child.stdin.end()
  expect(JSON.parse((await output.next()).value ?? '')).toMatchObject({
    lines: ['<13>early'],
    counters: { open: 0, total: 1 },
  })
})

/** Without CAP_NET_ADMIN the kernel's limit holds, for root as well. */
const WITHOUT_NET_ADMIN = `
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_NET_ADMIN = 24, 12
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
`

test('a receive buffer smaller than asked for is reported with the sysctl to set', async () => {
  const limit = Number(readFileSync('/proc/sys/net/core/rmem_max', 'latin1'))
  const asked = limit + MIB
  const udp = { host: '127.0.0.1', port: 0, lanes: 1, native: true, receiveBuffer: asked, maxLength: 65_536 }
  const child = run('python3', ['-c', WITHOUT_NET_ADMIN, process.execPath, CHILD, JSON.stringify({ udp })])
  const { facts } = await child.next()
  expect(facts).toMatchObject({ shortfall: { asked, got: limit, sysctl: 'net.core.rmem_max', value: asked } })
  await child.finish()
})

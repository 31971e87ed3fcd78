import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { UserError } from '../src/errors.ts'
import type { Sender } from '../src/receive/sender.ts'
import { TcpInput, type TcpOptions } from '../src/receive/tcp.ts'
import { eventually, numbered } from './receive-harness.ts'

/** Keeps what is pushed; full when told so. */
class TestSink {
  readonly lines: { text: string; sender: string; truncated: boolean }[] = []
  counted = 0
  uncounted = 0
  full = false
  #ready: (() => void) | null = null

  get texts(): string[] {
    return this.lines.map(({ text }) => text)
  }

  received(frames: number): void {
    this.counted += frames
  }

  push(bytes: Uint8Array, start: number, end: number, { address: sender }: Sender, _at: number, truncated = false) {
    this.lines.push({ text: Buffer.from(bytes.subarray(start, end)).toString('latin1'), sender, truncated })
    if (this.lines.length > this.counted) this.uncounted++
  }

  whenReady(): Promise<void> {
    return this.full
      ? new Promise((resolve) => {
          this.#ready = resolve
        })
      : Promise.resolve()
  }

  empty(): void {
    this.full = false
    this.#ready?.()
  }
}

const DEFAULTS: TcpOptions = {
  host: '127.0.0.1',
  port: 0,
  maxLength: 65_536,
  maxConnections: 100,
  idleTimeout: 600_000,
  flushAfter: 20,
}
const inputs: TcpInput[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(inputs.splice(0).map((input) => input.stop()))
})

async function start(options: Partial<TcpOptions> = {}, sink = new TestSink()) {
  const input = new TcpInput({ ...DEFAULTS, ...options }, sink)
  const { port } = await input.start()
  inputs.push(input)
  return { input, port, sink, counters: input.counters }
}

async function client(port: number, host = '127.0.0.1', localAddress?: string): Promise<Socket> {
  const socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) })
  sockets.push(socket)
  await once(socket, 'connect')
  // A peer that went away is no failure of the test; and its end is only seen by who reads.
  return socket.on('error', () => {}).resume()
}

function closed(socket: Socket): Promise<void> {
  return eventually(() => expect(socket.closed).toBe(true))
}

test('both framings on one connection; a traceback stays one frame; frames are counted first', async () => {
  const { port, sink, counters } = await start()
  const traceback = '<131>nova: Traceback (most recent call last):\n  File "x.py"\nValueError: no'
  const socket = await client(port)
  socket.write(`<13>one\n${traceback.length} ${traceback}<13>two\n6 <13>ab`)
  await eventually(() => expect(sink.texts).toEqual(['<13>one', traceback, '<13>two', '<13>ab']))
  expect(sink.uncounted).toBe(0)
  expect(sink.lines[0].sender).toBe('127.0.0.1')
  expect(counters).toMatchObject({ open: 1, total: 1, frames: 4, truncated: 0 })
})

test('a frame without its newline is flushed after a moment, and at the end of the connection', async () => {
  const { port, sink } = await start()
  const patient = await client(port)
  patient.write('<13>no newline')
  await eventually(() => expect(sink.texts).toEqual(['<13>no newline']))
  patient.write('<13>next\n')
  await eventually(() => expect(sink.texts).toHaveLength(2))

  const slow = await start({ flushAfter: 600_000 })
  ;(await client(slow.port)).end('<13>the end')
  await eventually(() => expect(slow.sink.texts).toEqual(['<13>the end']))
  expect(slow.counters.open).toBe(0)
})

test('what was begun when a connection breaks is kept', async () => {
  const { port, sink } = await start({ flushAfter: 600_000 })
  const socket = await client(port)
  socket.write('<13>whole\n20 <13>half')
  await eventually(() => expect(sink.texts).toHaveLength(1))
  socket.resetAndDestroy()
  await eventually(() => expect(sink.lines.slice(1)).toMatchObject([{ text: '<13>half', truncated: true }]))
})

test('bytes that are no syslog never close the connection', async () => {
  const { port, sink } = await start()
  const socket = await client(port)
  const garbage = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 8)) & 255))
  socket.write(garbage)
  socket.write('\n99999999999999999999 <13>x\n-5 <13>y\n<13>still here\n')
  await eventually(() => expect(sink.texts).toContain('<13>still here'))
  expect(socket.closed).toBe(false)
})

test('a frame that is too long is cut, flagged and counted; the next one is whole', async () => {
  const { port, sink, counters } = await start({ maxLength: 1000 })
  ;(await client(port)).write(`<13>${'x'.repeat(500_000)}\n300000 <13>${'y'.repeat(299_996)}<13>next\n`)
  await eventually(() => expect(sink.lines).toHaveLength(3))
  expect(sink.lines.map(({ text, truncated }) => [text.length, truncated])).toEqual([
    [1000, true],
    [1000, true],
    [8, false],
  ])
  expect(counters).toMatchObject({ truncated: 2, bytes: 2008 })
})

test('connections beyond the limit are closed and counted; when one ends there is room again', async () => {
  const { port, sink, counters } = await start({ maxConnections: 2 })
  const [first] = [await client(port), await client(port)]
  await eventually(() => expect(counters.open).toBe(2))
  await closed(await client(port))
  expect(counters).toMatchObject({ open: 2, total: 2, refused: 1 })
  first.destroy()
  await eventually(() => expect(counters.open).toBe(1))
  ;(await client(port)).write('<13>fits\n')
  await eventually(() => expect(sink.texts).toEqual(['<13>fits']))
})

test('who is not allowed is closed and counted', async () => {
  const { port, sink, counters } = await start({ host: '0.0.0.0', allow: ['127.0.0.0/30'] })
  const stranger = await client(port, '127.0.0.1', '127.0.0.9')
  stranger.write('<13>stranger\n')
  await closed(stranger)
  ;(await client(port)).write('<13>friend\n')
  await eventually(() => expect(sink.texts).toEqual(['<13>friend']))
  expect(counters).toMatchObject({ refused: 1, total: 1 })
})

test('IPv6, and IPv4 on [::], which is shown as IPv4', async () => {
  const { port, sink } = await start({ host: '::' })
  ;(await client(port, '::1')).write('six\n')
  await eventually(() => expect(sink.lines).toHaveLength(1))
  ;(await client(port, '127.0.0.1')).write('four\n')
  await eventually(() => expect(sink.lines).toHaveLength(2))
  expect(sink.lines.map(({ text, sender }) => [text, sender])).toEqual([
    ['six', '::1'],
    ['four', '127.0.0.1'],
  ])
})

test('a silent connection is closed', async () => {
  const { port, counters } = await start({ idleTimeout: 50 })
  await closed(await client(port))
  expect(counters.open).toBe(0)
})

test('with a full sink senders are slowed down, not cut off, and nothing is lost', async () => {
  const sink = new TestSink()
  const { port, counters } = await start({ idleTimeout: 50 }, sink)
  const other = await client(port)
  const socket = await client(port)
  await eventually(() => expect(counters.open).toBe(2))
  sink.full = true
  const line = `<13>${'x'.repeat(995)}\n`
  const total = 30_000
  let unsent = 0
  for (let i = 0; i < total; i++) if (!socket.write(line)) unsent++
  other.write('<13>other\n')
  // More than the idle time passes while what is on the way fills up.
  let before = -1
  for (let quiet = 0; quiet < 10; ) {
    await delay(20)
    quiet = sink.lines.length === before ? quiet + 1 : 0
    before = sink.lines.length
  }
  expect(unsent).toBeGreaterThan(0)
  expect(sink.lines.length).toBeLessThan(total / 2)
  expect([socket.closed, other.closed]).toEqual([false, false])
  sink.empty()
  await eventually(() => expect(sink.lines).toHaveLength(total + 1))
})

test('a frame whose rest waits in the socket, as the sink is full, is not flushed', async () => {
  const { port, sink } = await start({ flushAfter: 20 })
  const socket = await client(port)
  sink.full = true
  socket.write('<13>whole\n<13>ha')
  await eventually(() => expect(sink.texts).toEqual(['<13>whole']))
  // Longer than `flushAfter`: nothing to be seen means that it works.
  await delay(100)
  socket.write('lf\n')
  sink.empty()
  await eventually(() => expect(sink.texts).toEqual(['<13>whole', '<13>half']))
})

test('the stop takes what was sent, flushes what was begun and lets the senders know', async () => {
  const { input, port, sink } = await start({ flushAfter: 600_000 })
  const socket = await client(port)
  sink.full = true
  socket.write('<13>first\n')
  await eventually(() => expect(sink.lines).toHaveLength(1))
  // Nothing is read from here on: this is in the socket when the stop begins.
  const messages = numbered(1000)
  await new Promise((resolve) => socket.write(`${messages.join('\n')}\n<13>begun`, resolve))
  const stopped = input.stop()
  sink.empty()
  await stopped
  expect(sink.texts).toEqual(['<13>first', ...messages, '<13>begun'])
  await closed(socket)
  await expect(client(port)).rejects.toThrow('ECONNREFUSED')
})

test('a taken port is an error that says which and what to do', async () => {
  const { port } = await start()
  const second = start({ port })
  await expect(second).rejects.toThrow(UserError)
  await expect(second).rejects.toThrow(`tcp 127.0.0.1:${port}: port ${port} is taken`)
})

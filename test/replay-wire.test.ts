import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CaptureWriter } from '../src/receive/capture.ts'
import { Datagrams } from '../src/replay/datagrams.ts'
import { type ReplayOptions, replay } from '../src/replay/replay.ts'
import { openSender } from '../src/replay/sender.ts'

let directory: string
let closing: (() => void)[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-replay-'))
  closing = []
})
afterEach(() => {
  for (const close of closing) close()
  rmSync(directory, { recursive: true })
})

/** Datagrams that no sender's text could be mistaken for; some empty, some binary, one of the largest size. */
const DATAGRAMS = [
  Buffer.from('<13>Nov 23 03:14:21 web1 app: one\n'),
  Buffer.from('<30>two\nlines, and a NUL\0'),
  Buffer.alloc(0),
  Buffer.from([0, 255, 27, 128, 10, 13]),
  Buffer.alloc(65_507, 'x'),
  ...Array.from({ length: 2000 }, (_, i) => Buffer.from(`<14>Nov 23 03:14:22 web1 app[${i}]: line é ${i}`)),
]

async function udpServer(type: 'udp4' | 'udp6' = 'udp4'): Promise<{ url: string; received: Buffer[]; socket: Socket }> {
  const socket = createSocket({ type, recvBufferSize: 4 << 20 })
  const received: Buffer[] = []
  socket.on('message', (message) => received.push(message))
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
  await once(socket, 'listening')
  closing.push(() => socket.close())
  const host = type === 'udp4' ? '127.0.0.1' : '[::1]'
  return { url: `udp://${host}:${socket.address().port}`, received, socket }
}

async function tcpServer(): Promise<{ url: string; server: Server; text: () => Buffer }> {
  const chunks: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
    socket.on('error', () => {})
    closing.push(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return { url: `tcp://127.0.0.1:${portOf(server)}`, server, text: () => Buffer.concat(chunks) }
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Reads octet-counted frames (RFC 6587 section 3.4.1); written apart from what it checks. */
function frames(stream: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < stream.length; ) {
    const blank = stream.indexOf(32, at)
    const length = Number(stream.toString('latin1', at, blank))
    found.push(stream.subarray(blank + 1, blank + 1 + length))
    at = blank + 1 + length
  }
  return found
}

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function capture(datagrams: Buffer[], name = 'test.capture'): string {
  const path = join(directory, name)
  const writer = CaptureWriter.open(path, { maxBytes: 1e9, onStop: (reason) => expect.fail(reason) })
  for (const [i, bytes] of datagrams.entries()) writer.record(bytes, 0, bytes.length, '127.0.0.1', 1_000_000 + i)
  writer.close()
  return path
}

function run(options: Partial<ReplayOptions> & Pick<ReplayOptions, 'files' | 'to'>) {
  const signal = new AbortController().signal
  return replay({ pri: null, pace: 'max', passes: 1, limit: Number.POSITIVE_INFINITY, signal, ...options })
}

async function arrived(received: Buffer[], wanted: Buffer[]): Promise<void> {
  await vi.waitFor(() => expect(received.length).toBe(wanted.length), { timeout: 10_000 })
  expect(received.every((bytes, i) => bytes.equals(wanted[i]))).toBe(true)
}

test.each([
  ['sendmmsg', 'udp4', true],
  ['sendmmsg', 'udp6', true],
  ['node:dgram', 'udp4', false],
  ['node:dgram', 'udp6', false],
] as const)('a capture comes back as the same datagrams: %s, %s', async (_, type, native) => {
  const { url, received } = await udpServer(type)
  const summary = await run({ files: [capture(DATAGRAMS)], to: url, native, pace: { rate: 20_000 } })
  await arrived(received, DATAGRAMS)
  expect(summary).toMatchObject({ sent: DATAGRAMS.length, refused: 0, tooLong: 0, interrupted: false })
  expect(summary.bytes).toBe(DATAGRAMS.reduce((sum, { length }) => sum + length, 0))
})

test('a capture comes back as the same frames over TCP', async () => {
  const { url, text } = await tcpServer()
  const summary = await run({ files: [capture(DATAGRAMS)], to: url })
  await arrived(frames(text()), DATAGRAMS)
  expect(summary.sent).toBe(DATAGRAMS.length)
})

test('newline framing keeps each message on one line', async () => {
  const { url, text } = await tcpServer()
  await run({ files: [capture(DATAGRAMS.slice(0, 2))], to: url, framing: 'newline' })
  expect(text().toString()).toBe('<13>Nov 23 03:14:21 web1 app: one\n<30>two#012lines, and a NUL\0\n')
})

test.each([
  ['gzip', 'x.gz', gzipSync],
  [
    'gzip in two members',
    'x.gz',
    (all: string | Buffer) => Buffer.concat([gzipSync(all.slice(0, 50)), gzipSync(all.slice(50))]),
  ],
  ['zstd', 'x.zst', zstdCompressSync],
] as const)('%s is unpacked, whatever its name', async (_, name, pack) => {
  const lines = Array.from({ length: 500 }, (_, i) => Buffer.from(`<13>line ${i}`))
  const path = file(name.replace(/\..*/, '.log'), pack(Buffer.from(lines.join('\n'))))
  const { url, received } = await udpServer()
  await run({ files: [path], to: url, pace: { rate: 20_000 } })
  await arrived(received, lines)
})

test('damaged compressed data is an error that names the file', async () => {
  const packed = gzipSync(Buffer.from('line\n'.repeat(1000)))
  const cut = file('cut.log.gz', packed.subarray(0, packed.length - 20))
  const { url } = await udpServer()
  await expect(run({ files: [cut], to: url })).rejects.toThrow(`${cut}: damaged or incomplete gzip data`)
})

test('host names', async () => {
  const path = file('one.log', 'a\n')
  const { url, received } = await udpServer()
  await run({ files: [path], to: url.replace('127.0.0.1', 'localhost') })
  await arrived(received, [Buffer.from('a')])
  const tcp = await tcpServer()
  await run({ files: [path], to: tcp.url.replace('127.0.0.1', 'localhost') })
  await arrived(frames(tcp.text()), [Buffer.from('a')])
  await expect(run({ files: [path], to: 'udp://no.such.host.invalid' })).rejects.toThrow(
    "can't resolve no.such.host.invalid",
  )
})

test('loops and limits', async () => {
  const path = file('three.log', 'a\nb\nc\n')
  const { url, received } = await udpServer()
  const summary = await run({ files: [path, path], to: url, passes: 2, limit: 8 })
  expect(summary.sent).toBe(8)
  await arrived(
    received,
    [...'abcabcab'].map((letter) => Buffer.from(letter)),
  )
})

test('progress is known where an end is', async () => {
  const { url } = await udpServer()
  const path = file('three.log', 'a\nb\nc\n')
  const fractions = async (options: Partial<ReplayOptions>): Promise<(number | null)[]> => {
    const stop = new AbortController()
    let last = (): number | null => null
    const seen: (number | null)[] = []
    let slept = 0
    const clock = {
      now: () => slept * 1000,
      sleep: async () => {
        seen.push(last())
        if (++slept === 5) stop.abort()
      },
    }
    await run({
      files: [path],
      to: url,
      pace: { rate: 1 },
      clock,
      signal: stop.signal,
      watch: ({ fraction }) => {
        last = fraction
      },
      ...options,
    })
    return seen
  }
  expect(await fractions({ passes: 2 })).toEqual([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
  expect(await fractions({ passes: Infinity, limit: 4 })).toEqual([1 / 4, 2 / 4, 3 / 4])
  expect(await fractions({ passes: Infinity })).toEqual([null, null, null, null, null])
})

test('files that hold nothing to send do not loop forever', async () => {
  const { url } = await udpServer()
  await expect(run({ files: [file('empty', '\n')], to: url, passes: Infinity })).rejects.toThrow('nothing to send in')
})

test('a broken small file sends nothing at all', async () => {
  const { url, server, text } = await tcpServer()
  await expect(run({ files: [file('x.json', '[{"message":"a"},\n {"message" 5}]')], to: url })).rejects.toThrow(
    'x.json:2:13: not valid JSON',
  )
  const connections = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  expect([text().length, connections]).toEqual([0, 0])
})

test('TCP waits for a receiver that does not read, and a signal ends the waiting', async () => {
  const server = createServer((socket) => {
    socket.pause()
    socket.on('error', () => {})
    closing.push(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  const stop = new AbortController()
  let sent = () => 0
  const done = run({
    files: [file('big.log', `${'x'.repeat(1000)}\n`.repeat(5000))],
    to: `tcp://127.0.0.1:${portOf(server)}`,
    passes: Infinity,
    signal: stop.signal,
    watch: ({ counts }) => {
      sent = () => counts.sent
    },
  })
  // The sockets' buffers are full when the count stands still.
  let before = -1
  await vi.waitFor(
    () => {
      const now = sent()
      const still = now > 0 && now === before
      before = now
      expect(still).toBe(true)
    },
    { timeout: 20_000, interval: 300 },
  )
  stop.abort()
  const summary = await done
  expect(summary.interrupted).toBe(true)
  expect(summary.sent).toBeLessThan(50_000)
}, 60_000)

test('a lost TCP connection is an error', async () => {
  const server = createServer((socket) => {
    socket.once('data', () => socket.resetAndDestroy())
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  const to = `tcp://127.0.0.1:${portOf(server)}`
  const files = [file('big.log', `${'x'.repeat(1000)}\n`.repeat(5000))]
  await expect(run({ files, to, passes: Infinity })).rejects.toThrow(`lost the connection to ${to}`)
})

test.each([true, false])('UDP counts what nobody listened for, and what is too long (native: %s)', async (native) => {
  const { url, socket } = await udpServer()
  const sender = await openSender(url, { native })
  await sender.send(Datagrams.of([Buffer.alloc(70_000), 'fits']))
  expect(sender.counts).toMatchObject({ sent: 1, tooLong: 1, bytes: 4 })
  closing.pop()
  socket.close()
  await once(socket, 'close')
  for (let i = 0; i < 20; i++) await sender.send(Datagrams.of(['a', 'b']))
  await sender.close()
  expect(sender.counts.refused).toBeGreaterThan(5)
})

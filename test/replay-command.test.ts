import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

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

async function udpServer(): Promise<{ url: string; received: string[] }> {
  const socket = createSocket('udp4')
  const received: string[] = []
  socket.on('message', (message) => received.push(message.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => socket.close())
  return { url: `udp://127.0.0.1:${socket.address().port}`, received }
}

function file(name: string, content: string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

async function arrived(received: string[], wanted: string[]): Promise<void> {
  await vi.waitFor(() => expect(received).toEqual(wanted), { timeout: 10_000 })
}

function sluice(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['src/main.ts', 'replay', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  closing.push(() => child.kill('SIGKILL'))
  return child
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => (stdout += chunk))
  child.stderr?.on('data', (chunk) => (stderr += chunk))
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

test('the command: stdin, --pri, --json', async () => {
  const { url, received } = await udpServer()
  const child = sluice('-', '--to', url, '--pri', 'local0.info', '--json')
  child.stdin?.end(gzipSync('<5>one\ntwo\n'))
  const { code, stdout, stderr } = await ended(child)
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toMatchObject({
    sent: 2,
    bytes: 14,
    refused: 0,
    too_long: 0,
    skipped: {},
    interrupted: false,
  })
  await arrived(received, ['<5>one', '<134>two'])
})

test('the command sends lines of a pipe as they come, and Ctrl-C ends it with a summary', async () => {
  const { url, received } = await udpServer()
  const child = sluice('-', '--to', url)
  const result = ended(child)
  child.stdin?.write('first\n')
  await arrived(received, ['first'])
  child.kill('SIGINT')
  const { code, stdout } = await result
  expect(code).toBe(1)
  expect(stdout).toMatch(/^stopped: sent 1, /)
})

test.each([
  [['nothing.log'], 2, 'nothing.log: no such file'],
  [['.'], 2, '. is a directory'],
  [['package.json', '--to', 'http://x'], 2, 'wanted udp://host:port or tcp://host:port, got "http://x"'],
  [['package.json', '--to', 'tcp://127.0.0.1:1'], 1, "can't connect to tcp://127.0.0.1:1: connect ECONNREFUSED"],
  [['package.json', '--rate', '5/day'], 2, 'Wanted a rate such as 4500/min'],
  [['package.json', '--pri', 'local9.info'], 2, 'facility.severity'],
  [['package.json', '--rate', '1/s', '--speed', '2'], 2, "cannot be used with option '--speed"],
  [['-', '--loop', 'forever'], 2, 'stdin can be read only once'],
])('the command explains what is wrong: %j', async (args, wanted, message) => {
  const child = sluice(...args)
  child.stdin?.end()
  const { code, stderr } = await ended(child)
  expect(stderr).toContain(message)
  expect(code).toBe(wanted)
})

test('--speed goes by the stamps of the lines, and says so when there are none', async () => {
  const { url, received } = await udpServer()
  const lines = ['Nov 23 03:14:21 h a: 1', 'Nov 23 03:14:22 h a: 2', 'Nov 24 03:14:22 h a: 3']
  const path = file('times.log', lines.join('\n'))
  const { code } = await ended(sluice(path, '--speed', '1000000', '--to', url))
  expect(code).toBe(0)
  await arrived(received, lines)
  const bare = file('bare.log', 'no time here\n')
  const { stderr } = await ended(sluice(bare, '--speed', '10', '--to', url))
  expect(stderr).toContain('--speed goes by recorded times')
})

test('what nobody listened for is a finding', async () => {
  const { url } = await udpServer()
  closing.pop()?.()
  const { code, stdout, stderr } = await ended(sluice(file('x.log', 'a\nb\nc\n'), '--to', url, '--rate', '1000/s'))
  expect(stdout).toMatch(/^sent 3, /)
  expect(stderr).toContain(`nothing listens at ${url}: at least 2 were refused`)
  expect(code).toBe(1)
})

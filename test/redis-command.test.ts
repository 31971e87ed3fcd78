import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeBlob, keyLine } from '../src/buffer/redis/entry.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { allDone, makeBatch, take } from '../src/buffer/sample-batches.ts'
import { type RedisServer, startRedis } from './support/redis.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
let stack: AsyncDisposableStack
let a: RedisServer
let b: RedisServer
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  a = stack.use(await startRedis())
  b = stack.use(await startRedis())
})
afterEach(() => stack.disposeAsync())

async function open({ url }: RedisServer) {
  const marks = { has: () => false, record: async () => 'first' as const, sync: async () => {} }
  const buffer = new RedisBuffer({ url, size: 1e9, age: 1e9, consumer: 'one', marks })
  stack.defer(() => buffer.close())
  await buffer.link.settled(5000)
  return buffer
}

async function sluice(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, 'buffer', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (err += text))
  await once(child, 'close')
  return { code: child.exitCode, out, err }
}

test('ls tells what waits, for how long, and who takes it', async () => {
  const buffer = await open(a)
  for (let number = 1; number <= 3; number++) await buffer.append(makeBatch(number))
  await take(buffer, 1)
  const { code, out } = await sluice('ls', a.url, b.url)
  expect(out).toMatch(
    /store: 3 batches, 9 events, \d+ bytes, the oldest for \d+\.\d s\n {2}shipper one: 3 batches in hand/,
  )
  expect(out).toContain('no batch was ever here')
  expect(code).toBe(0)
})

test('peek shows events, and nothing in them steers the terminal', async () => {
  const buffer = await open(a)
  const text = '{"create":{}}\n{"message":"\u001b[31mred\u0007"}\n'
  await buffer.append({ ...makeBatch(1, { count: 1 }), body: Buffer.from(text) })
  const { out } = await sluice('peek', a.url, 'store')
  expect(out).toMatch(/batch a{16}-1\.0: 1 events/)
  expect(out).toContain('"message":"\ufffd[31mred\ufffd"')
  expect((await buffer.depth('store')).batches).toBe(1)
})

test('verify sets aside what is damaged, and says so by its exit code', async () => {
  const buffer = await open(a)
  for (let number = 1; number <= 40; number++) await buffer.append(makeBatch(number))
  expect(await sluice('verify', a.url)).toMatchObject({ code: 0 })
  const line = `${'b'.repeat(16)} 7 0 5 300 ${Date.now()} ${Date.now()}`
  await a.command('xadd', 'sluice:{store}:batches', '*', 'k', line, 'b', 'no blob')
  const { code, out } = await sluice('verify', a.url)
  expect(out).toMatch(/batch b{16}-7 of 5 events can't be read/)
  expect(out).toMatch(/40 batches of 120 events are whole/)
  expect(code).toBe(1)
})

test('what a newer version wrote is neither set aside nor moved', async () => {
  const buffer = await open(a)
  const batch = makeBatch(1)
  await buffer.append(batch)
  const blob = encodeBlob({ ...batch, number: 2 })
  blob[3] = 99
  const line = keyLine({ ...batch, number: 2 })
  await buffer.link.run((client) => client.xadd('sluice:{store}:batches', '*', 'k', line, 'b', blob))
  for (const command of [
    ['verify', a.url],
    ['move', a.url, b.url],
  ]) {
    const { code, err } = await sluice(...command)
    expect(err).toContain('a newer sluice has written')
    expect(code).toBe(1)
  }
  expect(await a.command('xlen', 'sluice:{store}:batches')).toBe(1)
  expect(await a.command('exists', 'sluice:{store}:damaged')).toBe(0)
})

test('move takes all to another Redis, where it is settled as if it had come there first', async () => {
  const [from, to] = [await open(a), await open(b)]
  for (let number = 1; number <= 40; number++) await from.append(makeBatch(number))
  for (const lease of await take(from, 2)) await lease.settle(allDone(lease))
  expect(await sluice('move', a.url, b.url)).toMatchObject({
    code: 0,
    out: expect.stringContaining('38 batches moved'),
  })
  expect(await from.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
  const leases = await take(to, 38)
  expect(leases.map(({ batch }) => batch.number)).toEqual(Array.from({ length: 38 }, (_, i) => i + 3))
  for (const lease of leases) expect(await lease.settle(allDone(lease))).toBe('settled')
})

test('drain writes what waits and leaves nothing', async () => {
  const buffer = await open(a)
  for (let number = 1; number <= 20; number++) await buffer.append(makeBatch(number))
  const { out } = await sluice('drain', a.url, 'store')
  expect(out.trimEnd().split('\n')).toHaveLength(120)
  expect(await buffer.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
})

test('a Redis that is not there is told in words', async () => {
  await a.kill()
  const { code, err } = await sluice('ls', a.url)
  expect(err).toMatch(/redis:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/)
  expect(code).toBe(1)
})

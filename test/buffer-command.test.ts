import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { allDone, makeBatch, take } from '../src/buffer/sample-batches.ts'
import { Marks } from '../src/ledger/marks.ts'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { freePort } from './support/programs.ts'
import { type RedisServer, startRedis } from './support/redis.ts'
import { startSluice, until, workspace } from './support/sluice.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
let stack: AsyncDisposableStack
let dir: string
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  dir = stack.use(await workspace()).path
})
afterEach(() => stack.disposeAsync())

async function sluice(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (err += text))
  await once(child, 'close')
  return { code: child.exitCode, out, err }
}

const lines = (count: number) =>
  Datagrams.of(Array.from({ length: count }, (_, i) => `<13>Nov 23 03:14:21 web${i % 3} app: line ${i}`))

/** A data directory in which a stopped process has left batches. */
async function leave(name: string, numbers: readonly number[]): Promise<string> {
  const data = join(dir, name)
  await withDisk(data, async (disk) => {
    for (const number of numbers) await disk.append(makeBatch(number))
  })
  return data
}

async function withDisk<T>(data: string, use: (disk: DiskBuffer) => Promise<T>): Promise<T> {
  const marks = await Marks.open(join(data, 'ledger'))
  const disk = await DiskBuffer.open({ path: join(data, 'buffer'), size: 1e9, age: 1e9, sync: '1s', marks })
  try {
    return await use(disk)
  } finally {
    await disk.close()
    await marks.close()
  }
}

async function openRedis({ url }: RedisServer): Promise<RedisBuffer> {
  const marks = { has: () => false, record: async () => 'first' as const, sync: async () => {} }
  const buffer = new RedisBuffer({ url, size: 1e9, age: 1e9, consumer: 'one', marks })
  stack.defer(() => buffer.close())
  await buffer.link.settled(5000)
  return buffer
}

const numbersOf = (leases: { batch: { number: number } }[]) => leases.map(({ batch }) => batch.number)

describe('what waits on the disk of a stopped sluice', () => {
  test('ls, peek and verify tell it, and leave it there', async () => {
    const data = await leave('data', [1, 2, 3])
    const { code, out } = await sluice('buffer', 'ls', data)
    expect(out).toMatch(/buffer {2}store: 3 batches, 9 events, \d+ bytes, the oldest for \d+\.\d s/)
    expect(code).toBe(0)
    expect(JSON.parse((await sluice('buffer', 'ls', data, '--json')).out)).toMatchObject({ output: 'store', events: 9 })
    expect((await sluice('buffer', 'peek', data, 'store', '-n', '2')).out).toMatch(/batch a{16}-1\.0[\s\S]*a{16}-2\.0/)
    expect(await sluice('buffer', 'verify', data)).toMatchObject({
      code: 0,
      out: expect.stringContaining('as counted'),
    })
    expect(await withDisk(data, async (disk) => numbersOf(await take(disk, 3)))).toEqual([1, 2, 3])
  })

  test('drain writes it and leaves nothing', async () => {
    const data = await leave('data', [1, 2])
    const { out } = await sluice('buffer', 'drain', data, 'store')
    expect(out.trimEnd().split('\n')).toHaveLength(12)
    expect(await withDisk(data, (disk) => disk.depth())).toEqual({ batches: 0, events: 0, bytes: 0 })
  })

  test('verify sets aside a damaged batch, counts it as lost, and says so by its exit code', async () => {
    const data = await leave('data', [1, 2, 3])
    // Another segment: bodies of the newest one are checked at each start.
    await withDisk(data, (disk) => disk.append(makeBatch(4)))
    const segments = join(data, 'buffer', 'out-store')
    const [segment = ''] = (await readdir(segments)).sort()
    const file = await open(join(segments, segment), 'r+')
    const { size } = await file.stat()
    // In the body of the second of three.
    await file.write(Buffer.from('\0\0\0\0'), 0, 4, Math.floor(size / 2))
    await file.close()
    const { code, out, err } = await sluice('buffer', 'verify', data)
    expect(out).toMatch(/batch a{16}-2 of 3 events can't be read, now in .*quarantine/)
    expect(err).toMatch(/is damaged/)
    expect(out).toMatch(/3 batches of 9 events are whole/)
    expect(await readdir(join(segments, 'quarantine'))).toHaveLength(1)
    expect(code).toBe(1)
    const marks = await Marks.open(join(data, 'ledger'))
    stack.defer(() => marks.close())
    expect(marks.totals()[0]?.lost).toEqual({ damaged: 3 })
  })

  test('a directory that is none of ours is refused, and stays as it was', async () => {
    const { code, err } = await sluice('buffer', 'ls', dir)
    expect(err).toMatch(/is no data directory with a buffer in it/)
    expect(code).toBe(2)
    expect(await readdir(dir)).toEqual([])
  })
})

test('what waits on the disk of a running sluice is shown, and can not be taken away from it', async () => {
  const port = await freePort()
  const redis = await freePort()
  const config = `
receive: [{ tcp: "127.0.0.1:${port}" }]
buffer: { redis: ["redis://127.0.0.1:${redis}"], ship: false }
deliver: [{ store: {} }]
archive: false
metrics: false
`
  await using running = await startSluice(dir, config)
  const sender = await openSender(`tcp://127.0.0.1:${port}`)
  await sender.send(lines(3000))
  await until('they wait on disk', async () => (await running.status()).outputs[0]?.buffered === 3000)
  const ls = await sluice('buffer', 'ls', running.data)
  expect(ls.out).toMatch(/store: \d+ batches, 3000 events/)
  expect(ls.err).toMatch(/belongs to the running sluice/)
  expect((await sluice('buffer', 'peek', running.data, 'store')).out).toContain('line 0')
  expect((await sluice('buffer', 'verify', running.data)).out).toMatch(/of 3000 events are whole, as counted/)
  const drain = await sluice('buffer', 'drain', running.data, 'store')
  expect(drain).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Stop that one first') })
  expect((await running.status()).outputs[0]).toMatchObject({ buffered: 3000, closes: true })
  await sender.close()
})

test('a buffer directory that a running sluice has is refused to another one, with who has it', async () => {
  await using first = await startSluice(dir, 'receive: []\nmetrics: false\ndeliver: [{ store: {} }]\n')
  const other = join(dir, 'other')
  await mkdir(other)
  const config = `buffer: { disk: { path: ${join(first.data, 'buffer')} } }\nmetrics: false\ndeliver: [{ store: {} }]\n`
  const said = await startSluice(other, config).catch(String)
  expect(said).toMatch(
    /The buffer directory .*data\/buffer belongs to a running sluice \(pid \d+, since .*, data directory /,
  )
  expect(said).toContain(`pid ${first.pid}`)
  expect(said).toContain('buffer.disk.path')
})

describe('move between buffers of different kinds', () => {
  test('from a disk to a Redis and back: all of it, in order, and the ledger of the directory closes', async () => {
    const redis = stack.use(await startRedis())
    const port = await freePort()
    const config = (buffer: string) => `
receive: [{ tcp: "127.0.0.1:${port}" }]
buffer: ${buffer}
deliver: [{ store: {} }]
archive: false
metrics: false
`
    const away = `{ redis: ["redis://127.0.0.1:${await freePort()}"], ship: false }`
    {
      await using receiver = await startSluice(dir, config(away))
      const sender = await openSender(`tcp://127.0.0.1:${port}`)
      await sender.send(lines(5000))
      await until('they wait on disk', async () => (await receiver.status()).outputs[0]?.buffered === 5000)
      await sender.close()
      await receiver.stop()
    }
    const data = join(dir, 'data')
    const moved = await sluice('buffer', 'move', data, redis.url)
    expect(moved).toMatchObject({ code: 0, out: expect.stringMatching(/store: \d+ batches moved/) })
    expect(await redis.command('hget', 'sluice:{store}:counts', 'events')).toBe('5000')
    {
      await using receiver = await startSluice(dir, config(away))
      expect((await receiver.status()).outputs[0]).toMatchObject({
        handedOn: 5000,
        buffered: 0,
        lost: {},
        closes: true,
      })
      await receiver.stop()
    }
    expect(await sluice('buffer', 'move', redis.url, data)).toMatchObject({ code: 0 })
    expect(await redis.command('hget', 'sluice:{store}:counts', 'events')).toBe('0')
    {
      await using receiver = await startSluice(dir, config(away))
      const row = (await receiver.status()).outputs[0]
      expect(row).toMatchObject({ received: 10_000, handedOn: 5000, buffered: 5000, lost: {}, inHand: 0, closes: true })
    }
  })

  test('damaged batches stay behind and are told', async () => {
    const redis = stack.use(await startRedis())
    const buffer = await openRedis(redis)
    for (const number of [1, 2]) await buffer.append(makeBatch(number))
    await redis.command('xadd', 'sluice:{store}:batches', '*', 'k', `${'b'.repeat(16)} 7 0 5 300 1 2`, 'b', 'no blob')
    const data = await leave('data', [])
    const { code, out } = await sluice('buffer', 'move', redis.url, data)
    expect(out).toMatch(/2 batches moved .*; 1 can't be read/)
    expect(code).toBe(1)
  })
})

describe('several Redis, named by their config', () => {
  let a: RedisServer
  let b: RedisServer
  const config = async (mode: string) => {
    const file = join(dir, 'sluice.yaml')
    const redis = `redis: ["${a.url}", "${b.url}"], mode: ${mode}`
    await writeFile(
      file,
      `data: ${join(dir, 'data')}\nbuffer: { ${redis} }\ndeliver: [{ store: {} }]\nmetrics: false\n`,
    )
    return file
  }
  beforeEach(async () => {
    a = stack.use(await startRedis())
    b = stack.use(await startRedis())
  })

  test('failover: both and the disk are shown, and moved from', async () => {
    const file = await config('failover')
    for (const [server, number] of [
      [a, 1],
      [b, 2],
    ] as const) {
      await (await openRedis(server)).append(makeBatch(number))
    }
    await leave('data', [3])
    const { out } = await sluice('buffer', 'ls', file)
    expect(out.match(/store: 1 batches, 3 events/g)).toHaveLength(3)
    const target = await leave('rescue', [])
    expect((await sluice('buffer', 'move', file, target)).out.match(/1 batches moved/g)).toHaveLength(3)
    expect(await withDisk(target, async (disk) => numbersOf(await take(disk, 3)))).toEqual([1, 2, 3])
  })

  test('mirror: copies are verified, are made by a move to it, and go with a move away from it', async () => {
    const file = await config('mirror')
    const data = await leave('rescued', [1, 2, 3])
    expect(await sluice('buffer', 'move', data, file)).toMatchObject({ code: 0 })
    expect(await b.command('zcard', 'sluice:{store}:copies:due')).toBe(3)
    expect((await sluice('buffer', 'ls', file)).out).toMatch(/copies of what waits elsewhere: 3 batches/)
    await b.command('hset', 'sluice:{store}:copies', `${'a'.repeat(16)} 2`, 'no blob')
    const { code, out } = await sluice('buffer', 'verify', file)
    expect(out).toMatch(/batch a{16}-2 of 3 events can't be read, now in sluice:\{store\}:damaged/)
    expect(out).toMatch(/copies of 2 batches of 6 events are whole/)
    expect(code).toBe(1)
    const target = await leave('target', [])
    expect((await sluice('buffer', 'move', file, target)).out).toContain('3 batches moved')
    expect(await b.command('zcard', 'sluice:{store}:copies:due')).toBe(0)
    expect(await b.command('hmget', 'sluice:{store}:copies:counts', 'batches', 'events')).toEqual(['0', '0'])
  })

  test('what was moved away by command is not taken for lost by who had appended it', async () => {
    const port = await freePort()
    const settings = `
receive: [{ tcp: "127.0.0.1:${port}" }]
buffer: { redis: ["${a.url}"], ship: false }
deliver: [{ store: {} }]
archive: false
metrics: false
`
    await using receiver = await startSluice(dir, settings)
    const sender = await openSender(`tcp://127.0.0.1:${port}`)
    await sender.send(lines(2000))
    await until('all is in Redis', async () => (await receiver.status()).outputs[0]?.handedOn === 2000)
    expect(await sluice('buffer', 'move', a.url, b.url)).toMatchObject({ code: 0 })
    // A loss is told three seconds after it was seen.
    await a.kill()
    await until('it is seen to be away', () => receiver.log().includes('is lost'))
    await a.start()
    await until('it is well', () => receiver.log().match(/ is well/g)?.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 4500))
    expect(receiver.log()).not.toContain('came back without')
    const moved = await openRedis(b)
    for (const lease of await take(moved, 2)) expect(await lease.settle(allDone(lease))).toBe('settled')
    await sender.close()
  })
})

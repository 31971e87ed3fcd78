import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { conformance, type Subject, type SubjectOptions } from '../src/buffer/conformance.ts'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { FailoverBuffer } from '../src/buffer/failover/failover.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { Marks } from '../src/ledger/marks.ts'
import { type RedisServer, startRedis } from './support/redis.ts'

let server: RedisServer
let second: RedisServer

beforeAll(async () => {
  server = await startRedis()
  second = await startRedis()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
})

async function subject(dir: string, { size, leaseMs }: SubjectOptions): Promise<Subject> {
  const marks = await Marks.open(join(dir, 'ledger'))
  const buffer = new RedisBuffer({ url: server.url, size, age: 3_600_000, consumer: 'me', marks, leaseMs })
  await buffer.link.settled(5000)
  return {
    buffer,
    totals: () => marks.totals(),
    // The process is gone; Redis is not.
    crash: async () => {
      const copy = await mkdtemp(join(tmpdir(), 'sluice-crash-'))
      await cp(dir, copy, { recursive: true })
      await buffer.close()
      return subject(copy, { size, leaseMs })
    },
    clean: async () => {
      await buffer.close()
      await marks.close()
      await rm(dir, { recursive: true })
    },
  }
}

conformance('redis', { durable: true }, async (options) => {
  await server.command('flushall')
  return subject(await mkdtemp(join(tmpdir(), 'sluice-redis-')), options)
})

async function several(dir: string, options: SubjectOptions, isMirror: boolean): Promise<Subject> {
  const marks = await Marks.open(join(dir, 'ledger'))
  const handed = await Marks.open(join(dir, 'handed'))
  const common = { size: options.size / 2, age: 3_600_000, leaseMs: options.leaseMs }
  const members = [server, second].map(({ url }) => new RedisBuffer({ url, consumer: 'me', marks, ...common }))
  // Too small for anything: batches on disk are for a Redis, not for who asks here.
  const spool = await DiskBuffer.open({ ...common, path: join(dir, 'spool'), size: 1, sync: '1s', marks: handed })
  const mirror = isMirror ? { ...common, consumer: 'me' } : undefined
  const buffer = new FailoverBuffer({ members, spool, handed, marks, mirror })
  for (const { link } of members) await link.settled(5000)
  return {
    buffer,
    totals: () => marks.totals(),
    crash: async () => {
      const copy = await mkdtemp(join(tmpdir(), 'sluice-crash-'))
      await cp(dir, copy, { recursive: true })
      await buffer.close()
      return several(copy, options, isMirror)
    },
    clean: async () => {
      await buffer.close()
      await marks.close()
      await handed.close()
      await rm(dir, { recursive: true })
    },
  }
}

for (const kind of ['failover', 'mirror']) {
  conformance(kind, { durable: true }, async (options) => {
    for (const { command } of [server, second]) await command('flushall')
    return several(await mkdtemp(join(tmpdir(), 'sluice-several-')), options, kind === 'mirror')
  })
}

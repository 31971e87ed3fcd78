import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { conformance, type Subject, type SubjectOptions } from '../src/buffer/conformance.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { Marks } from '../src/ledger/marks.ts'
import { type RedisServer, startRedis } from './support/redis.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server[Symbol.asyncDispose]())

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

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { Redis } from 'ioredis'
import syslogParse from 'syslog-parse'
import type { Batch } from '../../src/buffer/buffer.ts'
import { DiskBuffer } from '../../src/buffer/disk/disk.ts'
import { RedisBuffer } from '../../src/buffer/redis/redis.ts'
import { loadDatasets } from '../../src/dataset/load.ts'
import { ElasticsearchOutput } from '../../src/deliver/elasticsearch/elasticsearch.ts'
import { newStream } from '../../src/event/ids.ts'
import { Lane } from '../../src/lane/lane.ts'
import { Marks } from '../../src/ledger/marks.ts'
import { Header } from '../../src/syslog/header.ts'
import { parseHeader } from '../../src/syslog/parse.ts'
import { zoneOf } from '../../src/syslog/zone.ts'
import { startRedis } from '../../test/support/redis.ts'
import { LANE, type Lines, STORE } from '../timing.ts'
import { startBulkSink } from './bulk-sink.ts'
import { IsolatedLane } from './isolated-lane.ts'

/** A stage, or the work of another program that it is compared with. Both take the same lines. */
export interface Stage {
  name: string
  /** Does its work once and says for how many events. */
  run(): Promise<number> | number
}

/** A stage beside what stays the same when sluice changes: only their ratio is independent of the machine's mood. */
export interface Pair {
  stage: Stage
  reference: Stage
}

/** Events of one entry each are many times as dear. */
const SINGLE_ENTRIES = 2000

/** All stages of a line's way, in its order. What they need is ended by the stack. */
export async function makePairs(lines: Lines, texts: readonly string[], stack: AsyncDisposableStack): Promise<Pair[]> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true }))
  const batches = batchesOf(lines)
  const events = batches.reduce((sum, { count }) => sum + count, 0)
  const documents = documentsOf(batches)

  const library: Stage = {
    name: 'syslog-parse',
    run() {
      let read = 0
      for (const text of texts) if (syslogParse(text)) read++
      return Math.max(read, texts.length)
    },
  }
  const base = { ...LANE, stream: newStream() }
  const datasets = { definitions: loadDatasets([]), patterns: [] }
  const lane = (name: string, options: Partial<typeof LANE>): Stage => {
    const made = stack.use(new IsolatedLane({ options: { ...base, ...options }, lines: texts }))
    return { name, run: () => made.round() }
  }
  return [
    { stage: headerStage(texts), reference: library },
    { stage: lane('header, route', {}), reference: library },
    { stage: lane('header, route, archive line', { archive: '/x/${host}/${service}.log' }), reference: library },
    { stage: lane('header, route, event', { outputs: STORE }), reference: library },
    { stage: lane('header, route, grok, event', { outputs: STORE, datasets }), reference: library },
    { stage: await diskStage(dir, batches, events, stack), reference: writeStage(dir, batches, events, stack) },
    ...(await redisPair(dir, batches, events, documents, stack)),
    ...(await bulkPair(batches, events, stack)),
  ]
}

function headerStage(texts: readonly string[]): Stage {
  const bytes = Buffer.from(texts.join(''), 'latin1')
  const header = new Header()
  const zone = zoneOf('UTC')
  const now = Date.now()
  return {
    name: 'header',
    run() {
      let start = 0
      for (const { length } of texts) {
        parseHeader(header, bytes, start, start + length, now, zone)
        start += length
      }
      return texts.length
    },
  }
}

async function diskStage(dir: string, batches: Batch[], events: number, stack: AsyncDisposableStack): Promise<Stage> {
  const marks = await Marks.open(join(dir, 'marks'))
  const buffer = await DiskBuffer.open({ path: join(dir, 'disk'), size: 1e10, age: 1e9, sync: '1s', marks })
  stack.defer(async () => {
    await buffer.close()
    await marks.close()
  })
  const stream = newStream()
  let number = 0
  return {
    name: 'append to disk',
    async run() {
      for (const batch of batches) await buffer.append({ ...batch, stream, number: ++number })
      return events
    },
  }
}

function writeStage(dir: string, batches: Batch[], events: number, stack: AsyncDisposableStack): Stage {
  const file = openSync(join(dir, 'bare'), 'w')
  stack.defer(() => closeSync(file))
  return {
    name: 'a bare write of the same bytes',
    run() {
      for (const { body } of batches) writeSync(file, body)
      return events
    },
  }
}

async function redisPair(
  dir: string,
  batches: Batch[],
  events: number,
  documents: readonly string[],
  stack: AsyncDisposableStack,
): Promise<Pair[]> {
  const server = stack.use(await startRedis())
  const marks = await Marks.open(join(dir, 'redis-marks'))
  const buffer = new RedisBuffer({ url: server.url, marks, size: 1e9, age: 1e9, consumer: 'bench', leaseMs: 60_000 })
  const client = new Redis(server.url)
  stack.defer(async () => {
    client.disconnect()
    await buffer.close()
    await marks.close()
  })
  await buffer.link.settled(2000)
  const stream = newStream()
  let number = 0
  const some = documents.slice(0, SINGLE_ENTRIES)
  return [
    {
      stage: {
        name: 'append to Redis, take, settle',
        async run() {
          await Promise.all(batches.map((batch) => buffer.append({ ...batch, stream, number: ++number })))
          let left = batches.length
          for await (const lease of buffer.leases('store', new AbortController().signal)) {
            await lease.settle({ done: lease.batch.count, duplicate: 0, exceptions: [] })
            if (--left === 0) break
          }
          return events
        },
      },
      reference: {
        name: 'one entry per event in Redis, written and read',
        async run() {
          for (let at = 0; at < some.length; at += 500) {
            const pipeline = client.pipeline()
            for (const text of some.slice(at, at + 500)) pipeline.xadd('single', '*', 'event', text)
            await pipeline.exec()
          }
          await client.xrange('single', '-', '+')
          await client.del('single')
          return some.length
        },
      },
    },
  ]
}

async function bulkPair(batches: Batch[], events: number, stack: AsyncDisposableStack): Promise<Pair[]> {
  const sink = stack.use(await startBulkSink())
  const client = new Client({ node: sink.url, maxRetries: 0 })
  const config = { bulk: { size: 5 << 20, delay: 0, concurrency: 2 }, gzip: false }
  const output = new ElasticsearchOutput({ client, config })
  stack.defer(() => output.close())
  const groups: Batch[][] = []
  for (let at = 0; at < batches.length; at += 5) groups.push(batches.slice(at, at + 5))
  const bodies = groups.map((group) => Buffer.concat(group.map(({ body }) => body)))
  return [
    {
      stage: {
        name: 'bulk requests',
        async run() {
          for (const group of groups) await output.deliver(group)
          return events
        },
      },
      reference: {
        name: 'the same bytes, prebuilt, through fetch',
        async run() {
          for (const body of bodies) {
            const answer = await fetch(`${sink.url}/_bulk?filter_path=errors`, { method: 'POST', body })
            await answer.text()
          }
          return events
        },
      },
    },
  ]
}

/** Batches as a lane makes them, each part ending with one; copied: a lane's own memory goes back to it. */
export function batchesOf(parts: Lines | readonly Lines[], options: Partial<typeof LANE> = {}): Batch[] {
  const made: Batch[] = []
  const lane: Lane = new Lane(
    { ...LANE, stream: newStream(), outputs: STORE, ...options },
    {
      batch(batch) {
        made.push({ ...batch, body: Buffer.from(batch.body) })
        lane.giveBack(batch.body)
      },
      ...{ archive() {}, positions() {}, seen() {}, counters() {}, captureStopped() {} },
    },
  )
  for (const part of [parts].flat()) {
    part.push(lane)
    lane.flush()
  }
  return made
}

function documentsOf(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ body }) =>
    Buffer.from(body)
      .toString()
      .split('\n')
      .filter((line, index) => index % 2 === 1 && line !== ''),
  )
}

/**
 * What a million events cost in Redis: the client's CPU to append, and to take and settle, the server's CPU, and the
 * memory that they take there; for one Redis and as a mirror over two.
 *
 *   PATH=.cache/services/bin:$PATH node bench/micro-redis.ts FILE...   (FILEs: plain syslog lines)
 *   SHUFFLE=1: lines of all files in random order; DATASETS=1: with all of them; BATCH=1000 (events);
 *   EVENTS, KINDS=redis,failover,mirror
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Batch, BatchBuffer } from '../src/buffer/buffer.ts'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { FailoverBuffer } from '../src/buffer/failover/failover.ts'
import { free } from '../src/buffer/free.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { loadDatasets } from '../src/dataset/load.ts'
import { newStream } from '../src/event/ids.ts'
import { Marks } from '../src/ledger/marks.ts'
import { startRedis } from '../test/support/redis.ts'
import { batchesOf } from './support/stages.ts'
import { Lines } from './timing.ts'

const EVENTS = Number(process.env.EVENTS ?? 1_000_000)
const BATCH = Number(process.env.BATCH ?? 1000)

/** As a log server sees them: the programs of hosts speak in turn, each in its own order. */
function inTurn(texts: string[][]): string[] {
  const mixed: string[] = []
  const next = texts.map(() => 0)
  for (let left = texts.flat().length; left > 0; left--) {
    let pick = Math.floor(Math.random() * left)
    for (const [file, text] of texts.entries()) {
      const at = next[file] ?? 0
      const rest = text.length - at
      if (pick < rest) {
        mixed.push(text[at] ?? '')
        next[file] = at + 1
        break
      }
      pick -= rest
    }
  }
  return mixed
}

/** Worse than anything real: no line has to do with the one before. */
function shuffled(text: string[]): string[] {
  for (let at = text.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    const line = text[at]
    text[at] = text[other] ?? ''
    text[other] = line ?? ''
  }
  return text
}

function makeBatches(): Batch[] {
  const texts = process.argv.slice(2).map((file) => Lines.read(file))
  const lines = process.env.SHUFFLE === '1' ? shuffled(texts.flat()) : inTurn(texts)
  const datasets = process.env.DATASETS === '1' ? { datasets: { definitions: loadDatasets([]), patterns: [] } } : {}
  const parts: Lines[] = []
  for (let at = 0; at < lines.length; at += BATCH) parts.push(new Lines(lines.slice(at, at + BATCH)))
  return batchesOf(parts, datasets)
}

/** CPU seconds of `work`, of all threads. */
async function cpu(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function append(buffer: BatchBuffer): Promise<{ bytes: number; events: number }> {
  let bytes = 0
  let events = 0
  const stream = newStream()
  const pending: Promise<void>[] = []
  for (let number = 1; events < EVENTS; number++) {
    const batch = made[number % made.length]
    if (!batch) break
    bytes += batch.body.byteLength
    events += batch.count
    pending.push(buffer.append({ ...batch, stream, number }))
    if (pending.length === 4) await Promise.all(pending.splice(0))
  }
  await Promise.all(pending)
  return { bytes, events }
}

async function drain(buffer: BatchBuffer, events: number): Promise<void> {
  let left = events
  for await (const lease of buffer.leases('store', new AbortController().signal)) {
    await lease.settle({ done: lease.batch.count, duplicate: 0, exceptions: [] })
    // As the engine does.
    free(lease.batch.body)
    left -= lease.batch.count
    if (left === 0) return
  }
}

const made = makeBatches()

for (const kind of (process.env.KINDS ?? 'redis,failover,mirror').split(',')) {
  await using a = await startRedis()
  await using b = await startRedis()
  const info = async (server: typeof a, field: string) => {
    const text = String(await server.command('info'))
    return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(text)?.[1])
  }
  const serverCpu = async () => (await info(a, 'used_cpu_user')) + (await info(a, 'used_cpu_sys'))
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const marks = await Marks.open(join(dir, 'ledger'))
  const handed = await Marks.open(join(dir, 'handed'))
  const common = { size: 1e9, age: 1e9, consumer: 'bench', leaseMs: 60_000 }
  const members = [a, b].map(({ url }) => new RedisBuffer({ url, marks, ...common }))
  for (const { link } of members) await link.settled(2000)
  const spool = await DiskBuffer.open({ path: join(dir, 'spool'), size: 1e9, age: 1e9, sync: '1s', marks: handed })
  const mirror = kind === 'mirror' ? common : undefined
  const [first] = members
  if (!first) throw new Error('no Redis')
  const buffer = kind === 'redis' ? first : new FailoverBuffer({ members, spool, handed, marks, mirror })
  const memory = await info(a, 'used_memory')
  const before = await serverCpu()
  let sent = { bytes: 0, events: 0 }
  const write = await cpu(async () => (sent = await append(buffer)))
  const written = await serverCpu()
  const held = (await info(a, 'used_memory')) - memory
  const settle = await cpu(() => drain(buffer, sent.events))
  const settled = await serverCpu()
  const per = (seconds: number) => ((seconds * 1e6) / sent.events).toFixed(2)
  const megabytes = (bytes: number) => `${((bytes * 1e6) / sent.events / 1e6).toFixed(0)} MB`
  console.log(
    `${kind}: append ${per(write)} s of CPU per million events (server ${per(written - before)}), ` +
      `take and settle ${per(settle)} (server ${per(settled - written)}); ` +
      `${megabytes(sent.bytes)} as bodies, ${megabytes(held)} in Redis`,
  )
  await buffer.close()
  for (const one of members) await one.close()
  await spool.close().catch(() => {})
  await marks.close()
  await handed.close()
  rmSync(dir, { recursive: true })
}

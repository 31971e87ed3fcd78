import { randomBytes } from 'node:crypto'
import { openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Batch, BufferFull, type Lease } from '../src/buffer/buffer.ts'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { FailoverBuffer } from '../src/buffer/failover/failover.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { lockDirectory } from '../src/ledger/lock.ts'
import { Marks } from '../src/ledger/marks.ts'

/**
 * `receive <dir> <mode> <urls> <events per second> <seconds>` or `ship <dir> <mode> <urls> <ms per batch>`: what stands
 * before and behind the Redis, each a process that can be killed. Both write what they did, one line each, with writes
 * that a kill does not undo: `<dir>/appended` (number, events), `<dir>/delivered` (event ids). Told `drained` they say
 * so once nothing waits any more; told `end` they print their sums.
 */
const [role = '', dir = '', mode = '', urls = '', ...numbers] = process.argv.slice(2)
await lockDirectory(dir)
const onHappening = ({ kind, text, events }: { kind: string; text: string; events?: number }) => {
  process.stderr.write(`${JSON.stringify({ kind, text, events })}\n`)
}
const marks = await Marks.open(join(dir, 'ledger'), { onHappening })
const handed = await Marks.open(join(dir, 'handed'), { onHappening })
const spool = await DiskBuffer.open({
  ...{ path: join(dir, 'spool'), size: 1e9, age: 1e9, sync: '1s', segmentBytes: 500_000 },
  ...{ marks: handed, onHappening },
})
const common = { size: 1e9, consumer: `shipper-${role}`, leaseMs: mode === 'mirror' ? 1000 : 5000 }
const members = urls.split(',').map((url) => {
  return new RedisBuffer({ url, age: 1e9, marks, onHappening, ...common })
})
const buffer = new FailoverBuffer({
  ...{ members, spool, handed, marks, onHappening },
  mirror: mode === 'mirror' ? common : undefined,
  remember: join(dir, 'outstanding'),
})
await Promise.all(members.map(({ link }) => link.settled(2000)))
const told = Promise.withResolvers<void>()
process.stdin.on('data', (word) => {
  if (String(word).includes('drained')) void drained()
  else told.resolve()
})
process.stdout.write('started\n')

/** 16 hex digits that are the child's own. */
const stream = crypto.randomUUID().replaceAll('-', '').slice(0, 16)
const BATCH_EVENTS = 250
/** Bytes an event that can't be compressed, or the small disk would hold all of them. */
const NOISE = 150

function makeEvents(number: number): Batch {
  let body = ''
  for (let event = 0; event < BATCH_EVENTS; event++) {
    const text = 'Accepted publickey for nova from 10.2.4.107 port 39510 ssh2'
    body += `{"create":{"_id":"${stream}-${number}-${event}"}}\n{"message":"${text}","noise":"${randomBytes(NOISE).toString('base64')}"}\n`
  }
  const tally: Batch['tally'] = [['unrouted', 'web1', BATCH_EVENTS]]
  const received = { from: Date.now(), to: Date.now() }
  return { stream, number, part: 0, output: 'store', count: BATCH_EVENTS, body: Buffer.from(body), tally, received }
}

async function receive(rate: number, seconds: number) {
  const log = openSync(join(dir, 'appended'), 'a')
  const refused: Record<string, number> = {}
  const pending = new Set<Promise<void>>()
  const started = Date.now()
  const total = (rate * seconds) / BATCH_EVENTS
  let longest = 0
  for (let number = 1; number <= total; number++) {
    await delay(started + (number * BATCH_EVENTS * 1000) / rate - Date.now())
    const at = Date.now()
    const work = buffer
      .append(makeEvents(number))
      .then(() => void writeSync(log, `${stream} ${number} ${BATCH_EVENTS}\n`))
      .catch((error: unknown) => {
        const reason = error instanceof BufferFull ? error.reason : String(error)
        refused[reason] = (refused[reason] ?? 0) + BATCH_EVENTS
      })
      .finally(() => {
        longest = Math.max(longest, Date.now() - at)
        pending.delete(work)
      })
    pending.add(work)
  }
  await Promise.all(pending)
  process.stdout.write('sent\n')
  await told.promise
  return { refused, longest, spooled: await spool.depth() }
}

async function ship(pause: number) {
  const path = join(dir, 'delivered')
  const log = openSync(path, 'a')
  const seen = new Set(readFileSync(path, 'utf8').split('\n'))
  const stop = new AbortController()
  void told.promise.then(() => stop.abort())
  for await (const lease of buffer.leases('store', stop.signal)) {
    const ids = [
      ...Buffer.from(lease.batch.body)
        .toString()
        .matchAll(/"_id":"([^"]+)"/g),
    ].map(([, id]) => id ?? '')
    const fresh = ids.filter((id) => !seen.has(id))
    for (const id of ids) seen.add(id)
    writeSync(log, `${ids.join('\n')}\n`)
    if (pause > 0) await delay(pause)
    await settle(lease, { done: fresh.length, duplicate: ids.length - fresh.length, exceptions: [] })
  }
  return { depth: await buffer.depth() }
}

/** Delivered is not settled yet, and what a killed shipper had delivered is delivered again first. */
async function drained() {
  while ((await buffer.depth()).events > 0) await delay(20)
  process.stdout.write('drained\n')
}

/** As an engine does: tried until the buffer can say what became of it. */
async function settle(lease: Lease, outcome: Parameters<Lease['settle']>[0]) {
  for (;;) {
    try {
      return await lease.settle(outcome)
    } catch {
      await delay(100)
    }
  }
}

const [first = 0, second = 0] = numbers.map(Number)
const sums = role === 'receive' ? await receive(first, second) : await ship(first)
const [settled] = marks.totals()
const [left] = handed.totals()
process.stdout.write(`${JSON.stringify({ ...sums, marks: settled ?? null, handed: left ?? null })}\n`)
process.exit(0)

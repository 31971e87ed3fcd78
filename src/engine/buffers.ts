import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BatchBuffer } from '../buffer/buffer.ts'
import { DiskBuffer } from '../buffer/disk/disk.ts'
import { lockBuffer } from '../buffer/disk/lock.ts'
import type { RedisState } from '../buffer/failover/failover.ts'
import type { Config } from '../config/schema.ts'
import { replaceFile } from '../ledger/files.ts'
import type { OnHappening } from '../ledger/happening.ts'
import { Marks } from '../ledger/marks.ts'
import { handOver } from './hand-over.ts'

const LEASE_MILLIS = 60_000
const CONNECT_MILLIS = 2000

/** Where batches wait, and the accounts of it. */
export interface Buffers {
  /** Appended to, and leased from. */
  buffer: BatchBuffer
  /** What waits on this machine: all of it, or what no Redis takes at the moment. */
  disk: DiskBuffer
  /** What left `disk` and the lanes: delivered, or with Redis handed on. The ledger of what was received. */
  marks: Marks
  /** With Redis: what this process took from there and settled. Null: the same as `marks`. */
  taken: Marks | null
  /** How it stands with each Redis; null without any. */
  redis: (() => RedisState) | null
  close(): Promise<void>
}

/** Only what the config names is imported: without Redis no client for it. */
export async function openBuffers(config: Config, onHappening: OnHappening): Promise<Buffers> {
  const lock = await lockBuffer(config.buffer.disk.path, config.data)
  try {
    const buffers = await openLocked(config, onHappening)
    const close = async () => {
      await buffers.close()
      await lock.release()
    }
    return { ...buffers, close }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(config: Config, onHappening: OnHappening): Promise<Buffers> {
  const ledger = join(config.data, 'ledger')
  const { disk: settings, redis } = config.buffer
  // One account of what was received, whether it was delivered from here or handed on: a config may change.
  const marks = await Marks.open(ledger, { onHappening })
  const { path, size, age, sync } = settings
  const disk = await DiskBuffer.open({ path, size, age, sync: sync === 'batch' ? sync : '1s', marks, onHappening })
  if (redis.length === 0) {
    const close = async () => {
      await disk.close()
      await marks.close()
    }
    return { buffer: disk, disk, marks, taken: null, redis: null, close }
  }
  const [{ RedisBuffer }, { FailoverBuffer }] = await Promise.all([
    import('../buffer/redis/redis.ts'),
    import('../buffer/failover/failover.ts'),
  ])
  const taken = await Marks.open(join(ledger, 'taken'), { onHappening })
  const common = { size: config.buffer.memory, consumer: await shipperName(ledger), leaseMs: LEASE_MILLIS }
  const mirror = config.buffer.mode === 'mirror' ? common : undefined
  const mirrored = mirror !== undefined
  const members = redis.map((url) => new RedisBuffer({ ...common, url, age, marks: taken, mirrored, onHappening }))
  const remember = join(ledger, 'outstanding')
  const buffer = new FailoverBuffer({
    members,
    spool: disk,
    handed: marks,
    marks: taken,
    mirror,
    remember,
    onHappening,
  })
  // A Redis that is away must not keep this process from receiving.
  await Promise.all(members.map(({ link }) => link.settled(CONNECT_MILLIS)))
  await handOver({ members, marks, disk, streams: join(ledger, 'streams'), outputs: config.deliver })
  const close = async () => {
    await buffer.close()
    await taken.close()
    await marks.close()
  }
  return { buffer, disk, marks, taken, redis: () => buffer.state, close }
}

/** This process' name among those that share a Redis: its own unsettled batches come to it first after a start. */
async function shipperName(dir: string): Promise<string> {
  const file = 'shipper'
  const known = await readFile(join(dir, file), 'utf8').catch(() => '')
  if (/^[0-9a-f]{16}$/.test(known)) return known
  const name = randomBytes(8).toString('hex')
  await mkdir(dir, { recursive: true })
  await replaceFile(dir, file, [Buffer.from(name)])
  return name
}

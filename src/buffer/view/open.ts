import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadConfig } from '../../config/load.ts'
import { callControl, NotRunning } from '../../engine/control.ts'
import { UserError } from '../../errors.ts'
import { messageOf } from '../../ledger/files.ts'
import { type DiskPlace, DiskView } from './disk.ts'
import { RunningView } from './running.ts'
import type { BufferView } from './view.ts'

/**
 * The buffers that an argument names: the address of a Redis; a data directory, whose batches on disk are meant; or a
 * config file: all of its Redis, in their order, then its directory. One that can't be reached is told to `tell` and
 * left out when there are others. The caller closes them.
 */
export async function openViews(name: string, tell: (text: string) => void): Promise<BufferView[]> {
  if (/^[a-z+]+:\/\//.test(name)) return [await openRedis(name)]
  const found = await stat(name).catch(() => undefined)
  if (found?.isDirectory()) return [await openDisk(await placeOf(name), tell)]
  if (found?.isFile()) return openConfig(name, tell)
  throw new UserError(
    `'${name}' is no buffer: wanted the address of a Redis (redis://host:6379), a data directory, or a config file.`,
    2,
  )
}

async function openRedis(url: string) {
  const { RedisView } = await import('./redis.ts')
  return RedisView.open(url)
}

async function openConfig(file: string, tell: (text: string) => void): Promise<BufferView[]> {
  const { data, buffer } = await loadConfig(file)
  const opened = await Promise.allSettled(buffer.redis.map(openRedis))
  const redis = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  for (const result of opened) if (result.status === 'rejected') tell(messageOf(result.reason))
  const [first, second] = redis
  if (buffer.mode === 'mirror' && first && second) {
    first.mirrored(second)
    second.mirrored(first)
  }
  const { path, size } = buffer.disk
  try {
    return [...redis, await openDisk({ data, path, size }, tell)]
  } catch (error) {
    for (const view of redis) await view.close()
    throw error
  }
}

/** A directory in which nothing of sluice stands is a mistake, and must not become a data directory. */
async function placeOf(dir: string): Promise<DiskPlace> {
  const data = resolve(dir)
  const [ledger, segments] = await Promise.all(
    ['ledger', 'buffer'].map((name) =>
      stat(join(data, name))
        .then((s) => s.isDirectory())
        .catch(() => false),
    ),
  )
  if (ledger && segments) return { data, path: join(data, 'buffer'), size: Infinity }
  throw new UserError(
    `${data} is no data directory with a buffer in it (its ledger/ and buffer/ are looked for: what is settled of a ` +
      'buffer stands in the ledger). With `buffer.disk.path` elsewhere, name the config file.',
    2,
  )
}

async function openDisk(place: DiskPlace, tell: (text: string) => void): Promise<BufferView> {
  try {
    for await (const _ of callControl(place.data, 'buffer', {})) break
    return new RunningView(place.data, place.path)
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
  }
  return DiskView.open(place, tell)
}

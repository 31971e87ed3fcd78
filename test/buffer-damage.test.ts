import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { allDone, makeBatch as makeAnyBatch, take } from '../src/buffer/sample-batches.ts'
import type { Happening } from '../src/ledger/happening.ts'
import { Marks } from '../src/ledger/marks.ts'

let dir: string
beforeEach(async () => {
  // Thousands of starts, each with a dozen syncs: in memory where there is such a place.
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  dir = await mkdtemp(join(base, 'sluice-damage-'))
})
afterEach(() => rm(dir, { recursive: true }))

const stream = 'a'.repeat(16)
/** From 4 KiB on a body is compressed. */
let pad = 0
const makeBatch = (number: number) => makeAnyBatch(number, { pad })

async function withBuffer<T>(
  path: string,
  use: (buffer: DiskBuffer, marks: Marks, told: Happening[]) => Promise<T>,
  options: { segmentBytes?: number; sync?: '1s' | 'batch' } = {},
): Promise<T> {
  const told: Happening[] = []
  const onHappening = (happening: Happening) => told.push(happening)
  const marks = await Marks.open(join(path, 'ledger'), { onHappening })
  const base = { path: join(path, 'buffer'), size: 1e9, age: 1e9, sync: '1s' as const, marks, onHappening }
  const buffer = await DiskBuffer.open({ ...base, ...options })
  try {
    return await use(buffer, marks, told)
  } finally {
    await buffer.close()
    await marks.close()
  }
}

async function segments(path: string) {
  const folder = join(path, 'buffer', 'out-store')
  return (await readdir(folder)).filter((name) => name.endsWith('.segment')).map((name) => join(folder, name))
}

async function copyOf(name: string) {
  const path = join(dir, name)
  await mkdir(path)
  await cp(join(dir, 'whole', 'buffer'), join(path, 'buffer'), { recursive: true })
  return path
}

/** Every number is delivered, counted as lost, or a gap (or above the last number that is known); never twice. */
async function account(buffer: DiskBuffer, marks: Marks, numbers: number[]) {
  const delivered: number[] = []
  const { batches } = await buffer.depth('store')
  for (const lease of batches > 0 ? await takeAll(buffer) : []) {
    delivered.push(lease.batch.number)
    expect(Buffer.from(lease.batch.body)).toEqual(makeBatch(lease.batch.number).body)
    expect(await lease.settle(allDone(lease))).toBe('settled')
  }
  const gaps = buffer.gaps().flatMap(({ from, to }) => numbers.filter((number) => number >= from && number <= to))
  const last = buffer.lastNumber('store', stream)
  const isLost = (number: number) => !delivered.includes(number) && marks.has('store', stream, number, 0)
  const lost = numbers.filter(isLost)
  const beyond = numbers.filter((number) => number > last)
  expect([...delivered, ...lost, ...gaps, ...beyond].sort()).toEqual(numbers)
  const totals = marks.totals().find(({ output }) => output === 'store')
  expect(totals?.lost.damaged ?? 0).toBe(lost.length * 3)
  expect(totals?.done ?? 0).toBe(delivered.length * 3)
  return { delivered, lost, gaps, beyond }
}

/** Leases until nothing waits any more: damaged bodies leave the queue on the way. */
async function takeAll(buffer: DiskBuffer) {
  const stop = new AbortController()
  const leases = []
  const watch = setInterval(async () => {
    if ((await buffer.depth('store')).batches === leases.length) stop.abort()
  }, 1)
  for await (const lease of buffer.leases('store', stop.signal)) {
    leases.push(lease)
    if ((await buffer.depth('store')).batches === leases.length) break
  }
  clearInterval(watch)
  return leases
}

describe.each([
  ['as they are', 0],
  ['compressed', 2000],
])('a damaged segment with bodies %s', (_, padding) => {
  const numbers = [1, 2, 3]
  beforeEach(() => {
    pad = padding
  })
  afterEach(() => {
    pad = 0
  })

  async function writeWhole(options: Parameters<typeof withBuffer>[2] = {}) {
    const write = async (buffer: DiskBuffer) => {
      for (const number of numbers) await buffer.append(makeBatch(number))
    }
    await withBuffer(join(dir, 'whole'), write, options)
    const [path = ''] = await segments(join(dir, 'whole'))
    return { name: path.slice(join(dir, 'whole').length + 1), bytes: await readFile(path) }
  }

  test('cut at every offset: the start goes on, whole batches come, the cut one is counted or beyond the end', async () => {
    const { name, bytes } = await writeWhole()
    for (let at = 0; at < bytes.length; at++) {
      const path = await copyOf('cut')
      await truncate(join(path, name), at)
      await withBuffer(path, async (buffer, marks, told) => {
        const { delivered, lost, beyond } = await account(buffer, marks, numbers)
        expect(delivered, `cut at ${at}`).toEqual(numbers.slice(0, delivered.length))
        expect(delivered.length + lost.length + beyond.length).toBe(3)
        expect(lost.length).toBeLessThanOrEqual(1)
        if (lost.length > 0) expect(told.some(({ kind, events }) => kind === 'torn' && events === 3)).toBe(true)
      })
      // The next start has nothing more to tell and counts nothing again.
      await withBuffer(path, async (_, marks, told) => {
        expect(told).toEqual([])
        expect(marks.totals().find(({ output }) => output === 'store')?.lost.damaged ?? 0).toBeLessThanOrEqual(3)
      })
      await rm(path, { recursive: true })
    }
  })

  for (const newest of [true, false]) {
    const which = newest ? 'the newest segment, checked at the start' : 'an older segment, checked at delivery'
    test(`one bit flipped at every offset of ${which}: one batch is lost at most, and told`, async () => {
      const { name, bytes } = await writeWhole()
      for (let at = 0; at < bytes.length; at++) {
        const path = await copyOf('flip')
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
        await writeFile(join(path, name), flipped)
        if (!newest) await writeFile(join(path, 'buffer', 'out-store', '99999999.segment'), bytes.subarray(0, 8))
        await withBuffer(path, async (buffer, marks, told) => {
          const { delivered, lost, gaps, beyond } = await account(buffer, marks, numbers)
          expect(delivered.length, `bit at ${at}`).toBeGreaterThanOrEqual(2)
          if (delivered.length < 3) expect(told.some(({ kind }) => kind === 'damaged' || kind === 'torn')).toBe(true)
          // A damaged body still tells its batch and how many events it held.
          expect(lost.length + gaps.length + beyond.length).toBe(3 - delivered.length)
        })
        await rm(path, { recursive: true })
      }
    })
  }

  test('bytes taken out of the middle cost the batches that they belong to, no other', async () => {
    const { name, bytes } = await writeWhole()
    const third = Math.floor((bytes.length - 8) / 3)
    for (let at = 8; at < bytes.length - 50; at += 13) {
      for (const newest of [true, false]) {
        const path = await copyOf('hole')
        await writeFile(join(path, name), Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 50)]))
        if (!newest) await writeFile(join(path, 'buffer', 'out-store', '99999999.segment'), bytes.subarray(0, 8))
        await withBuffer(path, async (buffer, marks) => {
          const { delivered } = await account(buffer, marks, numbers)
          const isHit = (number: number) => at < 8 + number * third && at + 50 > 8 + (number - 1) * third
          expect(delivered, `50 bytes at ${at}`).toEqual(numbers.filter((number) => !isHit(number)))
        })
        await rm(path, { recursive: true })
      }
    }
  })

  test('what is damaged is kept in quarantine, and goes on being kept when its segment is deleted', async () => {
    const { name, bytes } = await writeWhole()
    const path = await copyOf('kept')
    const flipped = Buffer.from(bytes)
    // The last byte of the second of three bodies.
    const at = 8 + 2 * Math.floor((bytes.length - 8) / 3) - 1
    flipped[at] = (flipped[at] ?? 0) ^ 1
    await writeFile(join(path, name), flipped)
    await withBuffer(path, (buffer, marks) => account(buffer, marks, numbers))
    await withBuffer(path, async (buffer) => expect((await buffer.depth()).batches).toBe(0))
    expect(await segments(path)).toEqual([])
    const folder = join(path, 'buffer', 'out-store', 'quarantine')
    const [copy = ''] = await readdir(folder)
    expect((await readFile(join(folder, copy))).includes(flipped.subarray(at - 20, at + 1))).toBe(true)
  })
})

describe('positions', () => {
  const read = (offset: number) => ({ positions: { '/var/log/a.log': { offset } } })

  test('live as long as their batch, and longer than its segment', async () => {
    await withBuffer(
      dir,
      async (buffer) => {
        for (const number of [1, 2, 3, 4, 5, 6]) await buffer.append({ ...makeBatch(number), ...read(number * 100) })
        expect(buffer.positions()).toEqual(new Map([['/var/log/a.log', { offset: 600 }]]))
        for (const lease of await take(buffer, 6)) await lease.settle(allDone(lease))
      },
      { segmentBytes: 500 },
    )
    expect(await segments(dir)).toEqual([])
    await withBuffer(dir, async (buffer) => {
      expect(buffer.positions()).toEqual(new Map([['/var/log/a.log', { offset: 600 }]]))
      expect(buffer.lastNumber('store', stream)).toBe(6)
      // Newer ones win over the file, whatever numbers were handed out before.
      await buffer.append({ ...makeBatch(7), ...read(700) })
      expect(buffer.positions().get('/var/log/a.log')).toEqual({ offset: 700 })
    })
    await withBuffer(dir, async (buffer) => {
      expect(buffer.positions().get('/var/log/a.log')).toEqual({ offset: 700 })
    })
  })

  test('without their file, or with a damaged one, the start goes on with what the segments tell', async () => {
    await withBuffer(
      dir,
      async (buffer) => {
        for (const number of [1, 2, 3]) await buffer.append({ ...makeBatch(number), ...read(number) })
        const [first] = await take(buffer, 1)
        if (first) await first.settle(allDone(first))
        await expect.poll(async () => (await segments(dir)).length).toBe(2)
      },
      { segmentBytes: 500 },
    )
    const file = join(dir, 'buffer', 'positions')
    const saved = await readFile(file)
    for (const change of ['missing', 'garbage', 'flipped'] as const) {
      if (change === 'missing') await rm(file)
      else if (change === 'garbage') await writeFile(file, 'what is this')
      else await writeFile(file, saved.fill(0x20, saved.length - 4))
      await withBuffer(dir, async (buffer, _, told) => {
        expect(buffer.positions().get('/var/log/a.log')).toEqual({ offset: 3 })
        expect((await buffer.depth()).batches).toBe(2)
        expect(told.map(({ kind }) => kind)).toEqual(change === 'garbage' ? ['positions_lost'] : [])
      })
    }
  })

  test('a batch that was not written to its end does not move them: its lines are read again', async () => {
    await withBuffer(dir, async (buffer) => {
      for (const number of [1, 2]) await buffer.append({ ...makeBatch(number), ...read(number) })
    })
    const [path = ''] = await segments(dir)
    await truncate(path, (await readFile(path)).length - 10)
    await withBuffer(dir, async (buffer, marks) => {
      expect(buffer.positions().get('/var/log/a.log')).toEqual({ offset: 1 })
      expect(buffer.lastNumber('store', stream)).toBe(1)
      expect(marks.totals()).toEqual([])
      await buffer.append({ ...makeBatch(2), ...read(2) })
      expect((await take(buffer, 2)).map(({ batch }) => batch.number)).toEqual([1, 2])
    })
  })
})

test('files that are not the buffer’s are left alone and told', async () => {
  await mkdir(join(dir, 'buffer', 'out-store', '00000004.segment'), { recursive: true })
  await writeFile(join(dir, 'buffer', 'out-store', 'core'), 'x')
  await writeFile(join(dir, 'buffer', 'out-store', '00000009.segment'), Buffer.alloc(3000, 0xff))
  await writeFile(join(dir, 'buffer', 'out-store', '00000010.segment'), '')
  await writeFile(join(dir, 'buffer', 'README'), 'x')
  await withBuffer(dir, async (buffer, marks, told) => {
    expect(told.map(({ kind }) => kind).sort()).toEqual(['damaged', 'stray', 'stray', 'stray'])
    await buffer.append(makeBatch(1))
    expect((await account(buffer, marks, [1])).delivered).toEqual([1])
  })
})

test('a batch that waits longer than the age is given up, counted, and its room is free again', async () => {
  const marks = await Marks.open(join(dir, 'ledger'))
  const options = { path: join(dir, 'buffer'), size: 1e9, sync: '1s' as const, marks }
  const buffer = await DiskBuffer.open({ ...options, age: 60_000 })
  const old = { from: Date.now() - 70_000, to: Date.now() - 61_000 }
  await buffer.append({ ...makeBatch(1), received: old })
  await buffer.append(makeBatch(2))
  await expect.poll(async () => (await buffer.depth()).batches, { timeout: 10_000 }).toBe(1)
  expect(marks.totals()[0]).toMatchObject({ done: 0, lost: { expired: 3 } })
  expect((await take(buffer, 1)).map(({ batch }) => batch.number)).toEqual([2])
  await buffer.close()
  await marks.close()
})

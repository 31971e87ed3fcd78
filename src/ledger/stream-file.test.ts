import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Happening } from './happening.ts'
import { StreamFile } from './stream-file.ts'

let dir: string
const meta = { stream: '00112233445566ff', input: 'udp 0.0.0.0:514', lane: 0, started: 1_700_000_000_000 }

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-rx-'))
})
afterEach(() => rm(dir, { recursive: true }))

test('holds what the last write said, without a close', async () => {
  const file = StreamFile.create(dir, meta, ['received', 'dropped:noisy'])
  file.set(0, 2 ** 40 + 7)
  file.write()
  file.set(1, 5)
  const [record] = await StreamFile.readAll(dir)
  expect(record).toMatchObject({ meta, counters: { received: 2 ** 40 + 7, 'dropped:noisy': 0 }, closed: false })
  file.close()
  const [closed] = await StreamFile.readAll(dir)
  expect(closed).toMatchObject({ counters: { received: 2 ** 40 + 7, 'dropped:noisy': 5 }, closed: true })
})

test('a write that was cut in two leaves the one before', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `counter ${i}`)
  const file = StreamFile.create(dir, meta, names)
  for (let round = 1; round <= 5; round++) {
    for (let i = 0; i < names.length; i++) file.set(i, round)
    file.write()
  }
  file.close(false)
  const [name = ''] = await readdir(dir)
  const whole = await readFile(join(dir, name))
  // The second half of the newest slot still says what the write before the last one had put there.
  const at = whole.lastIndexOf(Buffer.from([5, 0, 0, 0, 0, 0, 0, 0, 5]))
  whole.fill(4, at, at + 1)
  await writeFile(join(dir, name), whole)
  const [record] = await StreamFile.readAll(dir)
  expect([[4], [5]]).toContainEqual([...new Set(Object.values(record?.counters ?? {}))])
})

test('one bit flipped in the counters never changes a number: the write before is taken', async () => {
  const file = StreamFile.create(dir, meta, ['received'])
  for (const value of [41, 42]) {
    file.set(0, value)
    file.write()
  }
  file.close(false)
  const [name = ''] = await readdir(dir)
  const whole = await readFile(join(dir, name))
  for (let at = 4096; at < 4096 * 3; at++) {
    if (whole[at] === 0 && at % 4096 > 24) continue
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 4
    await writeFile(join(dir, name), bytes)
    const [record] = await StreamFile.readAll(dir)
    expect(record?.counters.received, `byte ${at}`).toBe(42)
  }
})

test('an unreadable file is put away once and told, the others are read', async () => {
  StreamFile.create(dir, meta, ['received']).close()
  await writeFile(join(dir, 'ffffffffffffffff-0.rx'), 'SLRX, or so it says')
  const file = await open(join(dir, 'eeeeeeeeeeeeeeee-0.rx'), 'w')
  await file.close()
  const told: Happening[] = []
  const onHappening = (happening: Happening) => told.push(happening)
  expect((await StreamFile.readAll(dir, onHappening)).length).toBe(1)
  expect(told.length).toBe(2)
  await StreamFile.readAll(dir, onHappening)
  expect(told.length).toBe(2)
  expect((await readdir(join(dir, 'quarantine'))).length).toBe(2)
})

test('a stream that is there already is not written over', () => {
  StreamFile.create(dir, meta, ['received']).close()
  expect(() => StreamFile.create(dir, meta, ['received'])).toThrow(/EEXIST/)
})

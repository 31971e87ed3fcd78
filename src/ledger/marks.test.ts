import { appendFile, cp, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorCode } from './files.ts'
import type { Happening } from './happening.ts'
import { type Mark, Marks } from './marks.ts'

const stream = '0123456789abcdef'

function mark(number: number, change: Partial<Mark> = {}): Mark {
  return {
    ...{ output: 'store', stream, number, part: 0, count: 10, done: 10, duplicate: 0, dead: 0, lost: {}, retry: 0 },
    tally: [['r', 'web1', 10]],
    ...change,
  }
}

let dir: string
const opened: Marks[] = []
const copies: string[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-marks-'))
})
afterEach(async () => {
  for (const marks of opened.splice(0)) await marks.close().catch(() => {})
  for (const path of [dir, ...copies.splice(0)]) await rm(path, { recursive: true })
})

async function openMarks(path = dir, options: Parameters<typeof Marks.open>[1] = {}) {
  const marks = await Marks.open(path, options)
  opened.push(marks)
  return marks
}

/** The directory as kill -9 at this moment leaves it. */
async function crash(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'sluice-marks-'))
  copies.push(copy)
  try {
    await cp(dir, copy, { recursive: true })
  } catch (error) {
    // A file that was renamed or removed while it was copied: that moment is over.
    if (errorCode(error) !== 'ENOENT') throw error
    return crash()
  }
  return copy
}

describe('marks', () => {
  test('count the first outcome only, also over a crash', async () => {
    const marks = await openMarks()
    expect(await marks.record(mark(1))).toBe('first')
    expect(await marks.record(mark(1, { done: 0, duplicate: 10 }))).toBe('again')
    const after = await openMarks(await crash())
    expect(after.has('store', stream, 1, 0)).toBe(true)
    expect(after.has('other', stream, 1, 0)).toBe(false)
    expect(await after.record(mark(1, { done: 0, dead: 10 }))).toBe('again')
    expect(after.totals()).toEqual(marks.totals())
    expect(after.totals()[0]).toMatchObject({ done: 10, duplicate: 0, dead: 0, retried: 0 })
  })

  test('follow a batch over its parts', async () => {
    const marks = await openMarks()
    await marks.record(mark(1, { done: 7, retry: 3, tally: [['r', 'web1', 7]] }))
    expect([0, 1].map((part) => marks.has('store', stream, 1, part))).toEqual([true, false])
    await marks.record(mark(1, { part: 1, count: 3, done: 2, dead: 1, tally: [['r', 'web1', 3]] }))
    expect([0, 1, 2].map((part) => marks.has('store', stream, 1, part))).toEqual([true, true, true])
    const [totals] = marks.totals()
    expect(totals).toMatchObject({ done: 9, dead: 1, retried: 3 })
    expect(totals?.hosts).toEqual([{ route: 'r', host: 'web1', settled: 10, lost: 0 }])
  })

  test('refuse a mark that does not add up', async () => {
    const marks = await openMarks()
    await expect(marks.record(mark(1, { done: 9 }))).rejects.toThrow(RangeError)
    expect(marks.has('store', stream, 1, 0)).toBe(false)
  })

  test('tell the numbers that are missing, and what was lost for which reason', async () => {
    const marks = await openMarks()
    for (const number of [1, 2, 5, 9]) await marks.record(mark(number))
    await marks.record(mark(7, { done: 0, lost: { expired: 10 } }))
    expect(marks.missing('store', stream)).toEqual([
      [3, 4],
      [6, 6],
      [8, 8],
    ])
    expect(marks.last('store', stream)).toBe(9)
    expect(marks.totals()[0]).toMatchObject({ lost: { expired: 10 } })
    expect(marks.totals()[0]?.hosts).toEqual([{ route: 'r', host: 'web1', settled: 50, lost: 10 }])
  })

  test('a retired stream keeps its numbers and leaves the list, also over a crash', async () => {
    const marks = await openMarks()
    await marks.record(mark(1))
    await marks.record(mark(3))
    expect(await marks.retire(stream)).toBe(false)
    await marks.record(mark(2))
    expect(await marks.retire(stream)).toBe(true)
    for (const each of [marks, await openMarks(await crash())]) {
      expect(each.totals()[0]).toMatchObject({ done: 30, streams: [] })
      expect(each.last('store', stream)).toBe(3)
      expect(await each.record(mark(2))).toBe('again')
      expect(await each.record(mark(4))).toBe('first')
      expect(each.totals()[0]?.streams).toMatchObject([{ stream, last: 4, done: 10 }])
    }
  })

  test('hosts without end do not take memory without end', async () => {
    const marks = await openMarks()
    for (let i = 0; i < 12; i++) {
      const tally: Mark['tally'] = Array.from({ length: 1000 }, (_, j) => ['r', `host-${i}-${j}`, 1])
      await marks.record(mark(i + 1, { count: 1000, done: 1000, tally }))
    }
    const hosts = marks.totals()[0]?.hosts ?? []
    expect(hosts.length).toBe(10_001)
    expect(hosts.reduce((sum, { settled }) => sum + settled, 0)).toBe(12_000)
  })

  test('shorten their journal, and every state on the way can be opened', async () => {
    const marks = await openMarks(dir, { compactAt: 2000 })
    for (let number = 1; number <= 200; number++) {
      await marks.record(mark(number))
      if (number % 20 === 0) {
        const after = await openMarks(await crash())
        expect(after.totals()).toEqual(marks.totals())
      }
    }
    await marks.close()
    const names = await readdir(dir)
    expect(names.filter((name) => name.endsWith('.snapshot')).length).toBe(2)
    expect(names.filter((name) => name.endsWith('.journal')).length).toBe(2)
  })

  test('a damaged snapshot is made again from the one before', async () => {
    const marks = await openMarks(dir, { compactAt: 2000 })
    const isThere = async (name: string) => (await readdir(dir)).includes(name)
    for (let number = 1; number <= 20_000 && !(await isThere('marks-00000004.snapshot')); number++) {
      await marks.record(mark(number))
    }
    await marks.close()
    expect(await isThere('marks-00000001.journal')).toBe(false)
    const newest =
      (await readdir(dir))
        .filter((name) => name.endsWith('.snapshot'))
        .sort()
        .at(-1) ?? ''
    const bytes = await readFile(join(dir, newest))
    bytes[40] = (bytes[40] ?? 0) ^ 1
    await writeFile(join(dir, newest), bytes)
    const told: Happening[] = []
    const after = await openMarks(dir, { onHappening: (happening) => told.push(happening) })
    expect(after.totals()).toEqual(marks.totals())
    expect(told.map(({ kind }) => kind)).toEqual(['damaged'])
  })

  test('a flipped bit anywhere in the journal costs at most the mark it hits, is told, and new marks hold', async () => {
    const marks = await openMarks()
    for (let number = 1; number <= 3; number++) await marks.record(mark(number))
    await marks.close()
    const name = (await readdir(dir))[0] ?? ''
    const whole = await readFile(join(dir, name))
    const end = whole.findLastIndex((byte) => byte !== 0) + 1
    for (let at = 0; at < end; at += 7) {
      const copy = await crash()
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      await writeFile(join(copy, name), bytes)
      const told: Happening[] = []
      const after = await Marks.open(copy, { onHappening: (happening) => told.push(happening) })
      const kept = [1, 2, 3].filter((number) => after.has('store', stream, number, 0))
      expect(kept.length, `byte ${at}`).toBeGreaterThanOrEqual(2)
      if (kept.length < 3) expect(told.length, `byte ${at}`).toBeGreaterThan(0)
      await after.record(mark(4))
      await after.close()
      const again = await Marks.open(copy)
      expect(again.has('store', stream, 4, 0), `byte ${at}`).toBe(true)
      expect([1, 2, 3].filter((number) => again.has('store', stream, number, 0))).toEqual(kept)
      await again.close()
    }
  })

  test('a journal that is cut anywhere opens with what is whole', async () => {
    const marks = await openMarks()
    for (let number = 1; number <= 2; number++) await marks.record(mark(number))
    await marks.close()
    const name = (await readdir(dir))[0] ?? ''
    const whole = await readFile(join(dir, name))
    const end = whole.findLastIndex((byte) => byte !== 0) + 1
    for (let at = 0; at <= end; at += 13) {
      const copy = await crash()
      await truncate(join(copy, name), at)
      const after = await Marks.open(copy)
      expect(after.last('store', stream), `cut at ${at}`).toBe(at === end ? 2 : at >= 8 + (end - 8) / 2 ? 1 : 0)
      await after.record(mark(9))
      await after.close()
      const again = await Marks.open(copy)
      expect(again.last('store', stream)).toBe(9)
      await again.close()
    }
  })

  test('garbage in the directory does not keep them from opening', async () => {
    await writeFile(join(dir, 'marks-00000007.snapshot'), 'no snapshot')
    await writeFile(join(dir, 'marks-00000007.journal'), Buffer.alloc(5000, 0x5a))
    await writeFile(join(dir, 'notes.txt'), 'hello')
    const marks = await openMarks()
    await marks.record(mark(1))
    await marks.close()
    await appendFile(join(dir, 'marks-00000007.journal'), 'garbage')
    expect((await openMarks()).has('store', stream, 1, 0)).toBe(true)
    const file = await open(join(dir, 'quarantine', 'marks-00000007.snapshot-0.damaged'))
    expect(await file.readFile('utf8')).toBe('no snapshot')
    await file.close()
  })
})

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { OutputTotals } from '../ledger/marks.ts'
import { type BatchBuffer, BufferFull } from './buffer.ts'
import { allDone, lastAgain, makeBatch, restOf, take, takeOne } from './sample-batches.ts'

/** A buffer under test, empty, with its ledger. */
export interface Subject {
  buffer: BatchBuffer
  totals(): OutputTotals[]
  /** What is there after kill -9 at this moment; for durable buffers. */
  crash?(): Promise<Subject>
  clean(): Promise<void>
}

export interface SubjectOptions {
  /** Bytes of bodies after which the buffer may be full; twice of it must be too much. */
  size: number
  leaseMs: number
}

/** What every buffer must do, wherever its batches lie; a `durable` one also after a crash. */
export function conformance(
  name: string,
  { durable }: { durable: boolean },
  makeSubject: (options: SubjectOptions) => Promise<Subject>,
): void {
  describe(`${name}: the contract of a buffer`, () => {
    let subject: Subject
    const crashed: Subject[] = []
    const options: SubjectOptions = { size: 100_000_000, leaseMs: 60_000 }

    beforeEach(async () => {
      subject = await makeSubject(options)
    })
    afterEach(async () => {
      await subject.clean()
      for (const other of crashed.splice(0)) await other.clean()
    })

    const storeTotals = (of = subject) => of.totals().find(({ output }) => output === 'store')
    const remake = async (change: Partial<SubjectOptions>) => {
      await subject.clean()
      subject = await makeSubject({ ...options, ...change })
      return subject.buffer
    }

    test('gives back what was appended, in the order of its stream', async () => {
      const { buffer } = subject
      const batches = Array.from({ length: 20 }, (_, i) => makeBatch(i + 1))
      await Promise.all(batches.map((batch) => buffer.append(batch)))
      const leases = await take(buffer, 20)
      expect(leases.map(({ batch }) => ({ ...batch, body: Buffer.from(batch.body) }))).toEqual(batches)
    })

    test('events of all lengths come back as they were, byte for byte', async () => {
      const { buffer } = subject
      const parts = Array.from({ length: 300 }, (_, index) => makeBatch(index, { count: 2, pad: (index * 37) % 6000 }))
      const body = Buffer.concat(parts.map((part) => part.body))
      await buffer.append({ ...makeBatch(1, { count: 600 }), body: Buffer.from(body) })
      const { batch } = await takeOne(buffer)
      expect(Buffer.from(batch.body).equals(body)).toBe(true)
    })

    test("the body's bytes are the caller's again after append", async () => {
      const { buffer } = subject
      const batch = makeBatch(1)
      const before = Buffer.from(batch.body).toString()
      await buffer.append(batch)
      batch.body.fill(0)
      const lease = await takeOne(buffer)
      expect(Buffer.from(lease.batch.body).toString()).toBe(before)
    })

    test('a waiting reader gets a batch as soon as it is appended', async () => {
      const { buffer } = subject
      const waiting = takeOne(buffer)
      await buffer.append(makeBatch(1))
      expect((await waiting).batch.number).toBe(1)
    })

    test('each output has its own place', async () => {
      const { buffer } = subject
      for (const output of ['store', 'cluster']) {
        for (const number of [1, 2]) await buffer.append(makeBatch(number, { output }))
      }
      for (const lease of await take(buffer, 2, 'store')) await lease.settle(allDone(lease))
      expect((await buffer.depth('store')).batches).toBe(0)
      expect((await take(buffer, 2, 'cluster')).map(({ batch }) => batch.number)).toEqual([1, 2])
    })

    test('two readers share the batches of an output', async () => {
      const { buffer } = subject
      for (const number of [1, 2, 3, 4]) await buffer.append(makeBatch(number))
      const [a, b] = await Promise.all([take(buffer, 2), take(buffer, 2)])
      expect([...a, ...b].map(({ batch }) => batch.number).sort()).toEqual([1, 2, 3, 4])
    })

    test('a released batch comes again, before later ones', async () => {
      const { buffer } = subject
      for (const number of [1, 2, 3]) await buffer.append(makeBatch(number))
      const [first] = await take(buffer, 2)
      await first?.release()
      expect((await take(buffer, 2)).map(({ batch }) => batch.number)).toEqual([1, 3])
    })

    test('a batch released for a while lets others go first, and comes again', async () => {
      const buffer = await remake({ leaseMs: 2000 })
      for (const number of [1, 2]) await buffer.append(makeBatch(number))
      const first = await takeOne(buffer)
      await first.release(2000)
      const second = await takeOne(buffer)
      expect(second.batch.number).toBe(2)
      await second.settle(allDone(second))
      expect(await buffer.depth()).toMatchObject({ batches: 1, events: 3 })
      const again = await takeOne(buffer)
      expect(await again.settle(allDone(again))).toBe('settled')
      expect(again.batch.number).toBe(1)
      expect(storeTotals()?.done).toBe(6)
    })

    test('a batch released for a while comes again long before its lease would have run out', async () => {
      const buffer = await remake({ leaseMs: 3_600_000 })
      await buffer.append(makeBatch(1))
      await (await takeOne(buffer)).release(500)
      expect((await takeOne(buffer)).batch.number).toBe(1)
    })

    test('a lease that runs out comes again, and its holder is told "gone"', async () => {
      const buffer = await remake({ leaseMs: 20 })
      await buffer.append(makeBatch(1))
      const first = await takeOne(buffer)
      const second = await takeOne(buffer)
      expect(second.batch.number).toBe(1)
      expect(await first.settle(allDone(first))).toBe('gone')
      expect(await second.settle(allDone(second))).toBe('settled')
      expect(storeTotals()?.done).toBe(3)
    })

    test('settling counts once and takes the batch out', async () => {
      const { buffer } = subject
      await buffer.append(makeBatch(1))
      const lease = await takeOne(buffer)
      expect(await lease.settle({ done: 1, duplicate: 1, exceptions: [[2, 'dead', 'mapping']] })).toBe('settled')
      expect(await lease.settle(allDone(lease))).toBe('gone')
      expect(storeTotals()).toMatchObject({ done: 1, duplicate: 1, dead: 1, lost: {} })
      expect(await buffer.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
    })

    test('a batch that is appended and delivered again counts once', async () => {
      const { buffer } = subject
      for (const result of ['settled', 'gone']) {
        await buffer.append(makeBatch(1))
        const lease = await takeOne(buffer)
        expect(await lease.settle(allDone(lease))).toBe(result)
      }
      expect(storeTotals()?.done).toBe(3)
      expect((await buffer.depth()).batches).toBe(0)
    })

    test('a rest takes the place of its batch', async () => {
      const { buffer } = subject
      for (const number of [1, 2]) await buffer.append(makeBatch(number))
      const lease = await takeOne(buffer)
      const rest = restOf(lease.batch)
      expect(await lease.settle(lastAgain(lease), rest)).toBe('settled')
      expect(await buffer.depth()).toMatchObject({ batches: 2, events: 4 })
      const [again] = await take(buffer, 2)
      expect(again?.batch).toMatchObject({ number: 1, part: 1, count: 1, tally: rest.tally })
      expect(Buffer.from(again?.batch.body ?? [])).toEqual(rest.body)
      if (again) await again.settle(allDone(again))
      expect(storeTotals()).toMatchObject({ done: 3, retried: 1 })
    })

    test('an outcome that does not add up is refused and changes nothing', async () => {
      const { buffer } = subject
      await buffer.append(makeBatch(1))
      const lease = await takeOne(buffer)
      await expect(lease.settle({ done: 2, duplicate: 0, exceptions: [] })).rejects.toThrow(RangeError)
      await expect(lease.settle(lastAgain(lease))).rejects.toThrow(RangeError)
      await expect(buffer.append({ ...makeBatch(2), count: 4 })).rejects.toThrow(RangeError)
      expect(await buffer.depth()).toMatchObject({ batches: 1, events: 3 })
      expect(await lease.settle(allDone(lease))).toBe('settled')
    })

    test('depth tells batches, events, bytes and the oldest, leased ones included', async () => {
      const { buffer } = subject
      const batches = [1, 2, 3].map((number) => makeBatch(number, { count: number }))
      for (const [index, batch] of batches.entries()) {
        batch.tally = [['r', 'h', batch.count]]
        batch.received = { from: Date.now() - 1000 + index, to: Date.now() }
        await buffer.append(batch)
      }
      const [first] = await take(buffer, 1)
      const bytes = batches.reduce((sum, { body }) => sum + body.byteLength, 0)
      expect(await buffer.depth('store')).toEqual({ batches: 3, events: 6, bytes, oldest: batches[0]?.received.from })
      if (first) await first.settle(allDone(first))
      expect(await buffer.depth()).toMatchObject({ batches: 2, events: 5, oldest: batches[1]?.received.from })
      expect(await buffer.depth('other')).toEqual({ batches: 0, events: 0, bytes: 0 })
    })

    test('an abort ends the waiting, and what is leased can still be settled', async () => {
      const { buffer } = subject
      await buffer.append(makeBatch(1))
      const stop = new AbortController()
      const leases = buffer.leases('store', stop.signal)[Symbol.asyncIterator]()
      const { value: lease } = await leases.next()
      const waiting = leases.next()
      stop.abort()
      expect((await waiting).done).toBe(true)
      expect(await lease.settle(allDone(lease))).toBe('settled')
      const [none] = await Array.fromAsync(buffer.leases('store', stop.signal))
      expect(none).toBeUndefined()
    })

    test('is full when its budget is used up, and takes batches again when there is room', async () => {
      const buffer = await remake({ size: 20_000 })
      let taken = 0
      const fill = async () => {
        for (; taken < 200; taken++) await buffer.append(makeBatch(taken + 1))
      }
      await expect(fill()).rejects.toBeInstanceOf(BufferFull)
      expect((await buffer.depth()).batches).toBe(taken)
      for (const lease of await take(buffer, taken)) await lease.settle(allDone(lease))
      const before = taken
      await expect.poll(() => fill().catch(() => taken)).toBeGreaterThan(before)
      const depth = await buffer.depth()
      expect(depth.batches).toBe(taken - before)
    })

    test('a backlog of 10,000 batches drains in order', { timeout: 30_000 }, async () => {
      const { buffer } = subject
      const total = 10_000
      for (let number = 1; number <= total; number += 100) {
        const some = Array.from({ length: 100 }, (_, i) => makeBatch(number + i, { count: 2 }))
        await Promise.all(some.map((batch) => buffer.append(batch)))
      }
      const stop = new AbortController()
      let next = 1
      for await (const lease of buffer.leases('store', stop.signal)) {
        if (lease.batch.number !== next) throw new Error(`${lease.batch.number} came instead of ${next}`)
        await lease.settle(allDone(lease))
        if (next++ === total) break
      }
      expect((await buffer.depth()).batches).toBe(0)
      expect(storeTotals()?.done).toBe(2 * total)
    })

    const testDurable = durable ? test : () => {}
    testDurable('after a crash all that is unsettled comes first, in order, and counts once', async () => {
      if (!subject.crash) throw new Error('this buffer can not be crashed')
      for (let number = 1; number <= 10; number++) await subject.buffer.append(makeBatch(number))
      const [one, two, three] = await take(subject.buffer, 5)
      if (!one || !two || !three) throw new Error('no leases')
      await one.settle(allDone(one))
      await three.settle(lastAgain(three), restOf(three.batch))
      const after = await subject.crash()
      crashed.push(after)
      await after.buffer.append(makeBatch(11))
      expect(await after.buffer.depth()).toMatchObject({ batches: 10, events: 28 })
      const leases = await take(after.buffer, 10)
      expect(leases.map(({ batch }) => [batch.number, batch.part])).toEqual([
        [2, 0],
        [3, 1],
        ...[4, 5, 6, 7, 8, 9, 10, 11].map((number) => [number, 0]),
      ])
      for (const lease of leases) await lease.settle(allDone(lease))
      expect(storeTotals(after)).toMatchObject({ done: 33, duplicate: 0, retried: 1, lost: {} })
      // What was leased before the crash is another process's: the ledger counts the first outcome only.
      expect(storeTotals(subject)?.done).toBe(5)
    })
  })
}

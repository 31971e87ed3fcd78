import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Election, type Lock, type Read, type Term } from './election.ts'

const LEASE = 3000

/** A lock in memory, with failures on demand: `lost` writes, and then says that it did not. */
class FakeLock implements Lock<number> {
  failure: 'none' | 'away' | 'lost' = 'none'
  #held: Read<number> | null = null

  async read(): Promise<Read<number> | null> {
    if (this.failure === 'away') throw new Error('away')
    return this.#held
  }

  async write(term: Term, previous: number | null): Promise<number | null> {
    if (this.failure === 'away') throw new Error('away')
    if ((this.#held?.version ?? null) !== previous) return null
    this.#held = { term, version: (previous ?? 0) + 1 }
    if (this.failure === 'lost') throw new Error('no answer')
    return this.#held.version
  }
}

/** Each process has a clock of its own, which began at some other time. */
function candidates(lock: Lock<number>, ...names: string[]) {
  let time = 0
  const all = names.map((me, i) => new Election({ me, lock, lease: LEASE, now: () => time + 1_000_000 * i }))
  return {
    all,
    pass: (ms: number) => {
      time += ms
    },
  }
}

test('the first one leads, the second waits', async () => {
  const { all } = candidates(new FakeLock(), 'a', 'b')
  expect(await all[0]?.beat()).toBe(true)
  expect(await all[1]?.beat()).toBe(false)
})

test('a leader that beats stays one', async () => {
  const { all, pass } = candidates(new FakeLock(), 'a', 'b')
  for (let i = 0; i < 20; i++) {
    expect(await all[0]?.beat()).toBe(true)
    expect(await all[1]?.beat()).toBe(false)
    pass(LEASE / 3)
  }
})

test('a leader that is silent for a lease is followed by another, and knows it', async () => {
  const { all, pass } = candidates(new FakeLock(), 'a', 'b')
  await all[0]?.beat()
  expect(await all[1]?.beat()).toBe(false)
  pass(LEASE)
  expect(all[0]?.leads).toBe(false)
  expect(await all[1]?.beat()).toBe(true)
  expect(await all[0]?.beat()).toBe(false)
})

test('after a resignation the next one leads at once', async () => {
  const { all } = candidates(new FakeLock(), 'a', 'b')
  await all[0]?.beat()
  expect(await all[1]?.beat()).toBe(false)
  await all[0]?.resign()
  expect(all[0]?.leads).toBe(false)
  expect(await all[1]?.beat()).toBe(true)
})

test('a leader whose answer got lost goes on', async () => {
  const lock = new FakeLock()
  const { all, pass } = candidates(lock, 'a', 'b')
  await all[0]?.beat()
  lock.failure = 'lost'
  await expect(all[0]?.beat()).rejects.toThrow('no answer')
  lock.failure = 'none'
  pass(1000)
  expect(await all[0]?.beat()).toBe(true)
  expect(await all[1]?.beat()).toBe(false)
})

test('a leader whose lock was taken away stops at once', async () => {
  const lock = new FakeLock()
  const { all } = candidates(lock, 'a')
  await all[0]?.beat()
  await lock.write({ holder: 'b', lease: LEASE }, 1)
  expect(await all[0]?.beat()).toBe(false)
})

test('a longer lease of the holder counts', async () => {
  const lock = new FakeLock()
  let time = 0
  const patient = new Election({ me: 'a', lock, lease: 10 * LEASE, now: () => time })
  const hasty = new Election({ me: 'b', lock, lease: LEASE, now: () => time })
  await patient.beat()
  await hasty.beat()
  time += 9 * LEASE
  expect(await hasty.beat()).toBe(false)
  time += LEASE
  expect(await hasty.beat()).toBe(true)
})

test('whatever happens, there are never two leaders, and in the end there is one', async () => {
  const step = fc.record({
    who: fc.nat(2),
    pause: fc.nat(LEASE * 1.2),
    failure: fc.constantFrom('none', 'none', 'none', 'away', 'lost'),
    resigns: fc.nat(9).map((n) => n === 0),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const lock = new FakeLock()
      const { all, pass } = candidates(lock, 'a', 'b', 'c')
      const leaders = () => all.filter((one) => one.leads).length
      for (const { who, pause, failure, resigns } of steps) {
        lock.failure = failure
        const one = all[who]
        await (resigns ? one?.resign() : one?.beat())?.catch(() => {})
        expect(leaders()).toBeLessThanOrEqual(1)
        pass(pause)
        expect(leaders()).toBeLessThanOrEqual(1)
      }
      lock.failure = 'none'
      for (let i = 0; i < 6; i++) {
        for (const one of all) await one.beat()
        pass(LEASE / 3)
      }
      expect(leaders()).toBe(1)
    }),
  )
})

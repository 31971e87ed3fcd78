import { expect, test } from 'vitest'
import { Datagrams } from './datagrams.ts'
import { type Clock, type Pace, Pacer } from './pace.ts'

/** Time passes only by sleeping, and `late` ms more than asked. */
class TestClock implements Clock {
  time = 5000
  late = 0
  sleeps = 0
  now(): number {
    return this.time
  }
  async sleep(ms: number): Promise<void> {
    this.sleeps++
    this.time += ms + this.late
  }
}

function datagrams(times: number[]): Datagrams {
  return Datagrams.of(times.map(String), times)
}

/** When each datagram went, relative to the start. */
async function play(pace: Exclude<Pace, 'max'>, batches: Datagrams[], clock = new TestClock()): Promise<number[]> {
  const pacer = new Pacer(pace, clock)
  const sent: number[] = []
  for (const batch of batches) {
    await pacer.play(batch, async (from, to) => {
      for (let i = from; i < to; i++) sent.push(clock.time - 5000)
    })
  }
  return sent
}

test('a slow rate sends each datagram at its own moment, the first at once', async () => {
  const sent = await play({ rate: 75 }, [datagrams(Array(76).fill(Number.NaN))])
  expect(sent[0]).toBe(0)
  expect(sent[75]).toBeCloseTo(1000, 6)
  expect(sent.every((time, i) => Math.abs(time - (i * 1000) / 75) < 0.001)).toBe(true)
})

test('a high rate is kept in small bursts, over many batches', async () => {
  const clock = new TestClock()
  const sent = await play({ rate: 50_000 }, Array(200).fill(datagrams(Array(500).fill(Number.NaN))), clock)
  expect(sent).toHaveLength(100_000)
  expect(sent.at(-1)).toBeGreaterThan(1990)
  expect(sent.at(-1)).toBeLessThan(2010)
  const bursts = new Map<number, number>()
  for (const time of sent) bursts.set(time, (bursts.get(time) ?? 0) + 1)
  expect(Math.max(...bursts.values())).toBeLessThan(150)
  // No busy loop: some thousand wake-ups for a hundred thousand datagrams.
  expect(clock.sleeps).toBeLessThan(2500)
})

test('late timers do not lower the rate', async () => {
  const clock = new TestClock()
  clock.late = 3
  const sent = await play({ rate: 10_000 }, [datagrams(Array(20_001).fill(Number.NaN))], clock)
  expect(sent.at(-1)).toBeLessThan(2015)
})

test('a long halt is not made up for in one burst', async () => {
  const clock = new TestClock()
  const pacer = new Pacer({ rate: 1000 }, clock)
  await pacer.play(datagrams([0]), async () => {})
  clock.time += 60_000
  const sizes: number[] = []
  await pacer.play(datagrams(Array(2000).fill(Number.NaN)), async (from, to) => void sizes.push(to - from))
  expect(Math.max(...sizes)).toBeLessThan(100)
})

test('speed goes by the recorded times', async () => {
  const sent = await play({ speed: 10 }, [datagrams([1_000_000, 1_000_500, Number.NaN]), datagrams([1_060_000])])
  expect(sent).toEqual([0, 50, 50, 6000])
})

test('small disorder costs no time, a far step back begins anew', async () => {
  const day = 86_400_000
  const sent = await play({ speed: 1 }, [datagrams([2 * day, 2 * day - 900, 2 * day + 100, day, day + 40])])
  expect(sent).toEqual([0, 0, 100, 100, 140])
})

test('another pass starts the recorded times over', async () => {
  const clock = new TestClock()
  const pacer = new Pacer({ speed: 1 }, clock)
  const sent: number[] = []
  for (let pass = 0; pass < 2; pass++) {
    pacer.restart()
    await pacer.play(datagrams([100, 200]), async () => void sent.push(clock.time - 5000))
  }
  expect(sent).toEqual([0, 100, 100, 200])
})

test('the signal stops it between two datagrams', async () => {
  const stop = new AbortController()
  const clock = new TestClock()
  let sent = 0
  const pacer = new Pacer({ rate: 1 }, clock)
  const done = pacer.play(datagrams([1, 2, 3, 4]), async () => void (++sent === 2 && stop.abort()), stop.signal)
  await done
  expect(sent).toBe(2)
})

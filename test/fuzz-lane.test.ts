import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { datasetsOf } from '../src/dataset/of-config.ts'
import { eventsOf } from '../src/deliver/bulk-lines.ts'
import { newStream } from '../src/event/ids.ts'
import { JOINED, RECEIVED } from '../src/lane/counters.ts'
import { laneOptions } from '../src/lane/from-config.ts'
import { Lane } from '../src/lane/lane.ts'
import { Sender } from '../src/receive/sender.ts'
import { mutants } from './header-mutants.ts'
import { SEED } from './support/seed.ts'

const TOTAL = 1_000_000
/** Every event is checked to be JSON up to here, then one in so many. */
const EACH = 100_000
const ONE_IN = 20

/** What is in use after a full garbage collection: tables of sources and programs fill and start anew, by up to 50 MB. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('a million random and mutated datagrams: every one is an event, none is dropped, memory stays flat', async () => {
  const config = await loadConfig(undefined, { shape: 'ecs' })
  let events = 0
  let archived = 0
  const lane = new Lane(laneOptions({ config, datasets: datasetsOf(config) }, newStream(), { name: 'fuzz' }), {
    batch(batch) {
      const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength)
      for (const { documentStart, documentEnd } of eventsOf(body)) {
        if (events++ > EACH && events % ONE_IN !== 0) continue
        const { event, message } = JSON.parse(body.toString('utf8', documentStart, documentEnd))
        if (!event.original.endsWith(message)) throw new Error(`message is no part of ${event.original}`)
      }
      lane.giveBack(batch.body)
    },
    archive(parts) {
      for (const { lines, bytes } of parts) {
        archived += lines
        let ends = 0
        for (const byte of bytes) if (byte === 10) ends++
        if (ends !== lines) throw new Error(`${lines} lines have ${ends} line ends`)
      }
    },
    positions() {},
    seen() {},
    counters() {},
    captureStopped() {},
  })
  const senders = Array.from({ length: 50 }, (_, i) => new Sender(`192.0.2.${i}`, true))
  let pushed = 0
  let heapBefore = 0
  for (const { bytes, length } of mutants(SEED, TOTAL)) {
    try {
      lane.count(1, length)
      lane.push(bytes, 0, length, senders[pushed % 50], Date.UTC(2026, 10, 23) + pushed)
    } catch (error) {
      const hex = Buffer.from(bytes.subarray(0, length)).toString('hex')
      throw new Error(`seed ${SEED}, datagram ${pushed}: ${hex}`, { cause: error })
    }
    if (++pushed === TOTAL / 2) heapBefore = liveBytes()
  }
  lane.flush()
  expect(pushed).toBe(TOTAL)
  // A traceback's lines are one event.
  expect(events + lane.counters.values[JOINED], `seed ${SEED}`).toBe(TOTAL)
  expect(archived, `seed ${SEED}`).toBe(TOTAL)
  expect(lane.counters.values[RECEIVED]).toBe(TOTAL)
  expect(liveBytes() - heapBefore, `seed ${SEED}`).toBeLessThan(80 << 20)
}, 400_000)

import { setTimeout } from 'node:timers/promises'
import type { Datagrams } from './datagrams.ts'

/** Where pacing gets its time from; tests put in their own. */
export interface Clock {
  /** Milliseconds from any start, never going back. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    // Told to stop: the caller sees it at the signal.
    await setTimeout(ms, undefined, { signal }).catch(() => {})
  },
}

/** Datagrams per second; by the recorded times, so many times as fast; or as fast as the target takes them. */
export type Pace = { rate: number } | { speed: number } | 'max'

/** A longer halt of this process is not made up for: it would become a burst that no receive buffer holds. */
const MAX_LAG_MS = 50
/** About so many datagrams go out together; a receive buffer of Linux's default size holds some 270 small ones. */
const BURST = 64
const MIN_TICK_MS = 1
const MAX_TICK_MS = 10
/** Timers take no more than 2^31 ms; the sleep is just begun again. */
const MAX_SLEEP_MS = 3_600_000
/** Recorded times that go back further than this begin anew (the next file); less is disorder within a log. */
const REWIND_MS = 3_600_000

/** Lets datagrams go when they are due: a timer and a batch each tick, no busy waiting. */
export class Pacer {
  readonly #clock: Clock
  readonly #tick: number
  /** Milliseconds between a datagram with this recorded time and the one before it. */
  readonly #gap: (time: number) => number
  /** When the last datagram was due, by the clock. */
  #due: number
  /** The latest recorded time so far. */
  #recorded = Number.NaN

  constructor(pace: Exclude<Pace, 'max'>, clock: Clock = systemClock) {
    this.#clock = clock
    this.#due = clock.now()
    this.#tick = MIN_TICK_MS
    if ('rate' in pace) {
      const interval = 1000 / pace.rate
      this.#due -= interval
      this.#tick = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, BURST * interval))
      this.#gap = () => interval
    } else this.#gap = (time) => this.#elapsed(time) / pace.speed
  }

  /** Begins another pass: the recorded times start over. */
  restart(): void {
    this.#recorded = Number.NaN
  }

  /** Calls `send` for ranges of the datagrams as they become due, until all were sent or the signal says stop. */
  async play(
    { count, times }: Datagrams,
    send: (from: number, to: number) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    if (count === 0) return
    let next = 0
    let due = this.#due + this.#gap(times[0])
    while (next < count && !signal?.aborted) {
      const now = this.#clock.now()
      due = Math.max(due, now - MAX_LAG_MS)
      const from = next
      while (next < count && due <= now) {
        this.#due = due
        next++
        if (next < count) due += this.#gap(times[next])
      }
      if (next > from) await send(from, next)
      else await this.#clock.sleep(Math.min(MAX_SLEEP_MS, Math.max(this.#tick, due - now)), signal)
    }
  }

  #elapsed(time: number): number {
    const before = this.#recorded
    if (Number.isNaN(time) || (time <= before && time > before - REWIND_MS)) return 0
    this.#recorded = time
    return time > before ? time - before : 0
  }
}

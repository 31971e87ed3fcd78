import { Script } from 'node:vm'
import { Aside } from './aside.ts'
import type { Captures } from './captures.ts'
import type { Text } from './text.ts'

/** A pattern as the guard sees it. */
export interface Guarded {
  readonly name: string
  /** Tries it on a text. */
  matches(text: Text, captures: Captures): boolean
  /** Times that it was found to take too long. */
  timedOut: number
  /** Null until the first of them. */
  aside: Aside | null
}

/** A pattern that burnt CPU time over a text. */
export interface Culprit {
  pattern: Guarded
  program: string
  text: string
  /** CPU time of this one match, ms; it may not have come to its end. */
  cpuMillis: number
  /** The pattern is not tried on the program's lines before, ms since the epoch. */
  asideUntil: number
}

export interface GuardOptions {
  onCulprit?: (culprit: Culprit) => void
  /** For all items of a call together. A receive call's 512 lines take about 1 ms. */
  limitMillis?: number
  /** CPU time that one match may take once the limit was passed; usual ones take 0.001. */
  guiltyMillis?: number
  asideMillis?: number
}

let underWay: () => void = () => {}
Object.defineProperty(globalThis, Symbol.for('sluice.guarded'), { value: () => underWay() })
/**
 * Entering costs 40 to 70 µs of CPU (Node 26 starts a thread that watches), so items are guarded together: of 512 each
 * costs 0.16 µs more than bare, of 64 1.2 µs (bench/micro-grok.ts). Patterns that are known not to run away, as the
 * shipped ones are (test/grok-hostile.test.ts), need not be guarded.
 */
const ENTER = new Script(`globalThis[Symbol.for('sluice.guarded')]()`)
/** A match that is stopped by the clock without having had the CPU is begun again so often. */
const PATIENCE = 5

/**
 * Sees to it that no text stops the thread, whatever the pattern. V8 can't count an expression's steps, but an
 * expression can be stopped by the clock: all items of a call run under one time limit. Only when that is passed is the
 * item under way looked at closely, pattern by pattern and by CPU time, since a stopped or starved process runs out of
 * time without being guilty.
 */
export class Guard {
  readonly #options: Required<GuardOptions>
  #at = 0
  #isHunting = false
  #suspects: Suspect[] = []
  /** Times that the limit was passed, for whatever reason. */
  stops = 0
  /** True when a pattern was left out, or given up, for the item at hand: its event says so. */
  gaveUp = false

  constructor({ onCulprit = () => {}, limitMillis = 200, guiltyMillis = 5, asideMillis = 600_000 }: GuardOptions = {}) {
    this.#options = { onCulprit, limitMillis, guiltyMillis, asideMillis }
  }

  /**
   * Calls `step` for 0, 1, … `count` - 1. A step can be stopped at any place and is then called again with the same
   * number: all that it may do is to write what the second call writes over. What must not be done half, or twice,
   * belongs into a loop of its own afterwards.
   */
  run(count: number, step: (item: number) => void): void {
    this.#at = 0
    const work = () => {
      for (; this.#at < count; this.#at++) {
        this.gaveUp = false
        step(this.#at)
      }
    }
    while (this.#at < count) {
      const before = cpuMillis()
      if (withinTime(work, this.#options.limitMillis)) return
      // Time may also have been up with the last step just done.
      if (this.#at === count) return
      this.stops++
      this.#lookAt(step, cpuMillis() - before)
      this.#at++
    }
  }

  /** Tries a pattern of the item at hand. `now`: ms since the epoch. */
  matches(pattern: Guarded, text: Text, captures: Captures, program: string, now: number): boolean {
    if (pattern.aside?.covers(program, now)) {
      this.gaveUp = true
      return false
    }
    return this.#isHunting ? this.#timed(pattern, text, captures, program) : pattern.matches(text, captures)
  }

  /** Does something of little weight under a time limit of its own; false when it was stopped. 40 to 70 µs, see above. */
  limited(millis: number, work: () => void): boolean {
    const outer = underWay
    const finished = withinTime(work, millis)
    underWay = outer
    return finished
  }

  /** Does the item that was under way once more. */
  #lookAt(step: (item: number) => void, burnt: number): void {
    this.#isHunting = true
    this.#suspects = []
    this.gaveUp = false
    try {
      step(this.#at)
      const worst = this.#suspects.reduce((a, b) => (b.cpuMillis > a.cpuMillis ? b : a), NOBODY)
      if (worst === NOBODY || worst.cpuMillis < this.#options.guiltyMillis) return
      const { pattern, text, program } = worst
      // One slow match in a batch that did not take long: the process was stopped, or starved.
      if (worst.finished && burnt < this.#options.limitMillis / 2) return
      const now = Date.now()
      pattern.timedOut++
      pattern.aside ??= new Aside(this.#options.asideMillis)
      const asideUntil = pattern.aside.add(program, now)
      this.#options.onCulprit({ pattern, program, text, cpuMillis: worst.cpuMillis, asideUntil })
    } finally {
      this.#isHunting = false
      this.#suspects = []
    }
  }

  #timed(pattern: Guarded, looked: Text, captures: Captures, program: string): boolean {
    const { limitMillis, guiltyMillis } = this.#options
    const text = looked.string
    let matches = false
    let unfinished = 0
    for (let attempt = 0; attempt < PATIENCE && unfinished < limitMillis / 2; attempt++) {
      const before = cpuMillis()
      const finished = withinTime(() => {
        matches = pattern.matches(looked, captures)
      }, limitMillis)
      const used = cpuMillis() - before
      if (!finished) unfinished += used
      // The first time, compiling the expression may be what took so long.
      else if (used < guiltyMillis || attempt > 0) {
        this.#suspects.push({ pattern, text, program, cpuMillis: used, finished })
        return matches
      }
    }
    if (unfinished >= guiltyMillis) {
      this.#suspects.push({ pattern, text, program, cpuMillis: unfinished, finished: false })
    }
    this.gaveUp = true
    return false
  }
}

interface Suspect {
  pattern: Guarded
  text: string
  program: string
  cpuMillis: number
  finished: boolean
}

const NOBODY: Suspect = {
  pattern: { name: '', matches: () => false, timedOut: 0, aside: null },
  text: '',
  program: '',
  cpuMillis: 0,
  finished: true,
}

/** False when `work` was stopped. */
function withinTime(work: () => void, millis: number): boolean {
  underWay = work
  try {
    ENTER.runInThisContext({ timeout: millis })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false
    throw error
  }
}

/** CPU time of this thread. */
function cpuMillis(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

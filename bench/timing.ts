import { readFileSync } from 'node:fs'
import { Lane } from '../src/lane/lane.ts'
import type { LineParser } from '../src/lane/line-parser.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import type { LaneOutlet } from '../src/lane/outlet.ts'
import { Sender } from '../src/receive/sender.ts'

/** A round is long enough for what runs to be compiled, and for the clock to tell. */
const LINES_A_ROUND = 20_000

/** What all lanes of a benchmark have in common. */
export const LANE: Omit<LaneOptions, 'stream'> = {
  input: 'bench',
  shape: 'ecs',
  timezone: 'UTC',
  senders: [],
  routes: [{ name: 'all' }],
  filters: {},
  archive: null,
  outputs: [],
  window: { back: 1e13, ahead: 1e13 },
  credits: 8,
}
export const STORE = [{ name: 'store', index: 'syslog-%Y.%m.%d' }]

/** Lines of files, as they would stand in a receive ring. */
export class Lines {
  readonly count: number
  readonly #ring: Buffer
  readonly #offsets: number[] = [0]

  /** @param lines as latin1; those without a PRI get one */
  constructor(lines: readonly string[]) {
    this.count = lines.length
    const texts = lines.map((line) => (line.startsWith('<') ? line : `<38>${line}`))
    this.#ring = Buffer.from(texts.join(''), 'latin1')
    let end = 0
    for (const { length } of texts) {
      end += length
      this.#offsets.push(end)
    }
  }

  static read(file: string): string[] {
    return readFileSync(file, 'latin1').split('\n').filter(Boolean)
  }

  push(lane: Lane): void {
    for (let i = 0; i < this.count; i++) lane.push(this.#ring, this.#offsets[i], this.#offsets[i + 1], SENDER, NOW)
  }

  pushTo(parser: LineParser): void {
    for (let i = 0; i < this.count; i++)
      parser.push(this.#ring.subarray(this.#offsets[i], this.#offsets[i + 1]), SENDER, NOW)
  }
}

const SENDER = new Sender('127.0.0.1', true)
const NOW = Date.parse('2026-11-23T03:14:21Z')

/** A lane that hands on nothing. */
export class BenchLane {
  readonly #lane: Lane
  #bytes = 0
  #events = 0
  /** µs of CPU a line, of the best round: on a shared machine anything else only adds. */
  best = Number.POSITIVE_INFINITY

  constructor(options: LaneOptions, patterns?: LaneOutlet['patterns']) {
    const lane: Lane = new Lane(options, {
      batch: ({ body, count }) => {
        this.#bytes += body.length
        this.#events += count
        lane.giveBack(body)
      },
      archive() {},
      positions() {},
      seen() {},
      counters() {},
      captureStopped() {},
      ...(patterns === undefined ? {} : { patterns }),
    })
    this.#lane = lane
  }

  /** Returns how many lines it took. */
  round(lines: Lines): number {
    const times = Math.ceil(LINES_A_ROUND / lines.count)
    const before = process.cpuUsage()
    // As inputs do with what they receive at once.
    this.#lane.together(() => {
      for (let i = 0; i < times; i++) lines.push(this.#lane)
    })
    this.#lane.flush()
    const { user, system } = process.cpuUsage(before)
    this.best = Math.min(this.best, (user + system) / times / lines.count)
    return times * lines.count
  }

  /** Bytes of an action and a document line. */
  get size(): number {
    return this.#events === 0 ? 0 : this.#bytes / this.#events
  }
}

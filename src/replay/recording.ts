import { Sender } from '../receive/sender.ts'
import type { Datagrams } from './datagrams.ts'
import type { Format } from './format.ts'
import { inputSize, openInput } from './input.ts'
import { readDatagrams } from './read.ts'

/** A line of a recording, as an input would have received it. */
export interface RecordedLine {
  bytes: Buffer
  start: number
  end: number
  sender: Sender
  receivedAt: number
}

/** Who sent lines that don't say it. */
const NOBODY = '127.0.0.1'
/** Senders remembered at once; beyond it the table starts anew. */
const SENDERS = 65_536

/** Reads files and captures, in every form that `sluice replay` reads, for those who send them nowhere. */
export class Recording {
  /** For `showProgress`: lines read so far. */
  readonly counts = { sent: 0, refused: 0 }
  /** What can't be read as a line, and how often. */
  readonly skipped = new Map<string, number>()
  readonly #files: readonly string[]
  readonly #format: Format | undefined
  readonly #now: number
  readonly #senders = new Map<string, Sender>()
  #size: number | null = 0
  #finished = 0
  #position = () => 0

  /**
   * @param files paths, `-` for stdin
   * @param now reception of lines that were recorded without it, ms since the epoch
   */
  constructor(files: readonly string[], now: number, format?: Format) {
    this.#files = files
    this.#now = now
    this.#format = format
  }

  get lines(): number {
    return this.counts.sent
  }

  /** Finds out how much there is. @throws UserError for files that can't be read */
  async prepare(): Promise<void> {
    for (const file of this.#files) {
      const size = await inputSize(file)
      this.#size = size === null || this.#size === null ? null : this.#size + size
    }
  }

  /** 0 to 1 of what was read; null when nobody can know. */
  fraction(): number | null {
    if (this.#size === null) return null
    return this.#size === 0 ? 1 : Math.min(1, (this.#finished + this.#position()) / this.#size)
  }

  /** Some lines at a time. @throws UserError for broken inputs */
  async *read(): AsyncGenerator<RecordedLine[], void, undefined> {
    const skipped = (count: number, what: string) => {
      this.skipped.set(what, (this.skipped.get(what) ?? 0) + count)
    }
    for (const file of this.#files) {
      const input = await openInput(file)
      this.#position = input.position
      const format = this.#format === undefined ? {} : { format: this.#format }
      for await (const datagrams of readDatagrams(input, { ...format, pri: null, skipped })) {
        this.counts.sent += datagrams.count
        yield this.#received(datagrams)
      }
      this.#finished += input.position()
      this.#position = () => 0
    }
  }

  #received({ bytes, starts, ends, times, senders }: Datagrams): RecordedLine[] {
    return starts.map((start, i) => ({
      bytes,
      start,
      end: ends[i],
      sender: this.#sender(senders[i] ?? NOBODY),
      receivedAt: Number.isNaN(times[i]) ? this.#now : times[i],
    }))
  }

  #sender(address: string): Sender {
    let sender = this.#senders.get(address)
    if (sender === undefined) {
      if (this.#senders.size === SENDERS) this.#senders.clear()
      sender = new Sender(address, true)
      this.#senders.set(address, sender)
    }
    return sender
  }
}

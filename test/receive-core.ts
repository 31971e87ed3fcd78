/** A lane's core for tests: reports what it was told to whoever asks, and is full when told so. */
import type { MessagePort } from 'node:worker_threads'
import type { LaneCore } from '../src/receive/udp/lane-core.ts'

export interface CoreOptions {
  full?: boolean
  /** Throws at the first datagram. */
  broken?: boolean
}

export interface CoreLine {
  text: string
  sender: string
  receivedAt: number
  truncated: boolean
}

export interface CoreReport {
  datagrams: number
  bytes: number
  refused: number
  drops: number
  /** Datagrams that were pushed before they were counted. */
  uncounted: number
  /** Since the report before. */
  lines: CoreLine[]
  flushed: boolean
}

export interface CoreCommand {
  full?: boolean
}

export function createLaneCore(options: CoreOptions, port: MessagePort): LaneCore {
  const state = { datagrams: 0, bytes: 0, refused: 0, drops: 0, uncounted: 0 }
  let lines: CoreLine[] = []
  let pushed = 0
  let full = options.full ?? false
  const report = (flushed: boolean) => {
    port.postMessage({ ...state, lines, flushed } satisfies CoreReport)
    lines = []
  }
  return {
    get full() {
      return full
    },
    received(datagrams, bytes, refused) {
      state.datagrams += datagrams
      state.bytes += bytes
      state.refused += refused
    },
    push(bytes, start, end, { address: sender }, receivedAt, truncated) {
      if (options.broken) throw new Error('broken on purpose')
      if (++pushed > state.datagrams - state.refused) state.uncounted++
      lines.push({ text: Buffer.from(bytes.subarray(start, end)).toString('latin1'), sender, receivedAt, truncated })
    },
    tick() {
      if (lines.length > 0) report(false)
      return 20
    },
    message(message) {
      const { full: wanted } = message as CoreCommand
      if (wanted !== undefined) full = wanted
      report(false)
    },
    flush: () => report(true),
    kernelDrops(total) {
      state.drops = total
    },
  }
}

/** A lane's core that only counts: what remains is the receive loop. Answers any message with its counts. */
import type { MessagePort } from 'node:worker_threads'
import type { LaneCore } from '../src/receive/udp/lane-core.ts'

export interface Counts {
  datagrams: number
  bytes: number
  drops: number
  /** CPU seconds of the thread. */
  cpu: number
}

export function createLaneCore(_options: unknown, port: MessagePort): LaneCore {
  let datagrams = 0
  let bytes = 0
  let drops = 0
  const report = () => {
    const { user, system } = process.threadCpuUsage()
    port.postMessage({ datagrams, bytes, drops, cpu: (user + system) / 1e6 } satisfies Counts)
  }
  return {
    full: false,
    received(count) {
      datagrams += count
    },
    push(_bytes, start, end) {
      bytes += end - start
    },
    tick: () => 250,
    message: report,
    flush: report,
    kernelDrops(total) {
      drops = total
    },
  }
}

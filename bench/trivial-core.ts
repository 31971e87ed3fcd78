/** A lane's core that only counts: what remains is the receive loop. */
import type { MessagePort } from 'node:worker_threads'
import type { LaneCore } from '../src/receive/udp/lane-core.ts'

export function createLaneCore(_options: unknown, port: MessagePort): LaneCore {
  let datagrams = 0
  let bytes = 0
  let drops = 0
  let calls = 0
  return {
    full: false,
    received(count) {
      calls++
      datagrams += count
    },
    push(_bytes, start, end) {
      bytes += end - start
    },
    tick: () => 250,
    message() {
      port.postMessage({ datagrams, bytes, drops, calls })
    },
    flush() {
      const cpu = process.threadCpuUsage()
      port.postMessage({
        datagrams,
        bytes,
        drops,
        calls,
        cpu: (cpu.user + cpu.system) / 1e6,
        rss: process.memoryUsage.rss(),
      })
    },
    kernelDrops(total) {
      drops = total
    },
  }
}

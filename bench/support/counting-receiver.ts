import { openUdp } from '../../src/receive/udp/udp.ts'
import type { Counts } from '../counting-core.ts'

const CORE = new URL('../counting-core.ts', import.meta.url).href

/** The UDP receive loop alone, on a thread of its own: datagrams are counted and forgotten. */
export interface CountingReceiver extends AsyncDisposable {
  port: number
  /** So far; CPU is that of the receiving thread. */
  counts(): Promise<Counts>
}

/** @param native recvmmsg; otherwise node:dgram */
export async function openCountingReceiver(native: boolean): Promise<CountingReceiver> {
  const waiting: ((counts: Counts) => void)[] = []
  const udp = await openUdp(
    { host: '127.0.0.1', port: 0, lanes: 1, native, receiveBuffer: 4 << 20, maxLength: 65_536 },
    { onMessage: (_, counts) => waiting.shift()?.(counts as Counts), onFailure: (_, error) => console.error(error) },
  )
  await udp.start({ module: CORE, options: () => null })
  return {
    port: udp.facts.port,
    counts() {
      const answer = new Promise<Counts>((resolve) => waiting.push(resolve))
      udp.post(0, null)
      return answer
    },
    [Symbol.asyncDispose]: () => udp.stop(),
  }
}

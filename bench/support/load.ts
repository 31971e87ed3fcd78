import { fork } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'

export interface Load {
  /** `udp://host:port` or `tcp://host:port`. */
  to: string
  captures: readonly string[]
  /** Lines a second; 0: as fast as the target takes them. */
  rate: number
  seconds: number
  /** So many lines at most. */
  lines?: number
  /** Every 20 ms a line of host `bench-probe` that says when it was sent, for latencies. */
  probes?: boolean
}

const sentReport = z.object({
  sent: z.number(),
  probes: z.number(),
  bytes: z.number(),
  seconds: z.number(),
  cpu: z.number(),
})

/** What was really sent: lines (probes included), their bytes, how long it took, the sender's CPU seconds. */
export type Sent = z.infer<typeof sentReport>

/** Sends from a process of its own, so that its CPU and its garbage collector are not the receiver's. */
export async function send(load: Load): Promise<Sent> {
  const child = fork(new URL('sender.ts', import.meta.url), [JSON.stringify(load)])
  const [[message]] = await Promise.all([Promise.race([once(child, 'message'), failure(child)]), once(child, 'exit')])
  return sentReport.parse(message)
}

async function failure(child: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(child, 'exit')
  // The message, when there was one, has won the race.
  await new Promise((resolve) => setImmediate(resolve))
  throw new Error(`the sender ended with ${code}`)
}

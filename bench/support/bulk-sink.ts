import { fork } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'

const sinkReport = z.object({
  events: z.number(),
  requests: z.number(),
  bytes: z.number(),
  /** CPU seconds of the sink. */
  cpu: z.number(),
  /** Milliseconds from sending a probe line to its arrival: p50, p99, p99.9; empty without probes. */
  latency: z.array(z.number()),
})

export type SinkReport = z.infer<typeof sinkReport>

/** A stand-in for Elasticsearch that takes and counts `_bulk` requests, in a process of its own. */
export interface BulkSink extends AsyncDisposable {
  url: string
  port: number
  report(): Promise<SinkReport>
  /** Latencies since they were last taken. */
  takeLatency(): Promise<SinkReport['latency']>
}

export async function startBulkSink(): Promise<BulkSink> {
  const child = fork(new URL('bulk-sink-server.ts', import.meta.url))
  const ended = once(child, 'exit')
  const [message] = await once(child, 'message')
  const { port } = z.object({ port: z.number() }).parse(message)
  const ask = async (what: 'report' | 'take latency') => {
    child.send(what)
    const [answer] = await once(child, 'message')
    return sinkReport.parse(answer)
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    report: () => ask('report'),
    takeLatency: async () => (await ask('take latency')).latency,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

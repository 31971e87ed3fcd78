import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { z } from 'zod'
import type { LaneOptions } from '../../src/lane/options.ts'
import { BenchLane, Lines } from '../timing.ts'

const told = z.object({ taken: z.number(), best: z.number(), size: z.number() })

interface Work {
  options: LaneOptions
  lines: readonly string[]
}

/**
 * A lane on a thread of its own, as in sluice: V8 makes its code for the lines of this one alone. Lanes with other
 * datasets and lines beside it on one thread cost it up to a third.
 */
export class IsolatedLane implements AsyncDisposable {
  readonly #worker: Worker
  /** µs of CPU a line, of the best round, and bytes of an action and a document line. */
  best = Number.POSITIVE_INFINITY
  size = 0

  constructor(work: Work) {
    this.#worker = new Worker(import.meta.filename, { workerData: work })
  }

  /** Returns how many lines it took. */
  async round(): Promise<number> {
    this.#worker.postMessage('round')
    const [message] = await once(this.#worker, 'message')
    const { taken, best, size } = told.parse(message)
    this.best = best
    this.size = size
    return taken
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort
  // What the thread is started with is what the class above gives it.
  const { options, lines }: Work = workerData
  const wanted = new Lines(lines)
  const lane = new BenchLane(options)
  port.on('message', () => {
    const taken = lane.round(wanted)
    port.postMessage({ taken, best: lane.best, size: lane.size })
  })
}

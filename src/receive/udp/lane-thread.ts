/** The thread of one UDP lane. Messages for the core come through `workerData.port`, `stop` through the parent's. */
import { readSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { loadLaneCore } from './lane-core.ts'
import { LaneLoop, type LaneLoopOptions } from './lane-loop.ts'

export interface LaneThreadData extends LaneLoopOptions {
  port: MessagePort
  core: { module: string; options: unknown }
}

if (parentPort === null) throw new Error('lane-thread.ts is started as a worker')
const parent = parentPort
const data: LaneThreadData = workerData
const wakes = new Uint8Array(8)

const core = await loadLaneCore(data.core.module, data.core.options, data.port)
const loop = new LaneLoop(data, core, () => {
  readSync(data.eventFd, wakes)
  for (let next = receiveMessageOnPort(data.port); next; next = receiveMessageOnPort(data.port)) {
    core.message(next.message)
  }
  if (receiveMessageOnPort(parent) !== undefined) loop.stop()
})
// Node keeps what it read from its cache until then, 1.7 MB.
flushCompileCache()
parent.postMessage('ready')
loop.run()
// Delivers what was posted, and tells the other side that this was all.
data.port.close()
parent.close()

import { once } from 'node:events'
import { closeSync, writeSync } from 'node:fs'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { LaneCoreSource } from './lane-core.ts'
import type { LaneThreadData } from './lane-thread.ts'
import { errnoName, libc } from './libc.ts'
import type { UdpFacts, UdpHandlers, UdpOptions, UdpReceiver } from './udp.ts'

/** <sys/eventfd.h>; close on exec, non-blocking. */
const EFD_FLAGS = 0o2004000
const ONE = new Uint8Array(BigUint64Array.of(1n).buffer)

interface LaneThread {
  worker: Worker
  /** The main thread's end of the core's port. */
  port: MessagePort
  eventFd: number
  /** Settled when the thread has ended and all its messages were handled. */
  ended: Promise<unknown>
}

/** Lanes with `recvmmsg`, each with a socket and a thread of its own. */
export class NativeLanes implements UdpReceiver {
  readonly facts: UdpFacts
  readonly #options: UdpOptions
  readonly #handlers: UdpHandlers
  #fds: number[]
  #threads: LaneThread[] = []
  #stopping = false

  constructor(fds: number[], facts: UdpFacts, options: UdpOptions, handlers: UdpHandlers) {
    this.#fds = fds
    this.facts = facts
    this.#options = options
    this.#handlers = handlers
  }

  async start(source: LaneCoreSource): Promise<void> {
    this.#threads = this.#fds.map((fd, lane) => this.#startThread(fd, lane, source))
    try {
      await Promise.all(this.#threads.map(({ worker }) => once(worker, 'message')))
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  post(lane: number, message: unknown): void {
    const thread = this.#threads.at(lane)
    // The lane was stopped meanwhile.
    if (thread === undefined) return
    thread.port.postMessage(message)
    wake(thread)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    for (const thread of this.#threads) {
      thread.worker.postMessage('stop')
      wake(thread)
    }
    await Promise.all(this.#threads.map(({ ended }) => ended))
    for (const { eventFd } of this.#threads) closeSync(eventFd)
    for (const fd of this.#fds) closeSync(fd)
    this.#threads = []
    this.#fds = []
  }

  #startThread(fd: number, lane: number, source: LaneCoreSource): LaneThread {
    const eventFd = libc.eventfd(0, EFD_FLAGS)
    if (eventFd < 0) throw new Error(`eventfd: ${errnoName()}`)
    const { port1, port2 } = new MessageChannel()
    const { maxLength, allow } = this.#options
    const core = { module: source.module, options: source.options(lane) }
    const workerData: LaneThreadData = { fd, eventFd, maxLength, allow, port: port2, core }
    const worker = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData, transferList: [port2] })
    port1.on('message', (message) => this.#handlers.onMessage(lane, message))
    const closed = once(port1, 'close')
    let failure = new Error('the lane ended unasked')
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error))
    })
    const ended = new Promise((resolve) => worker.once('exit', resolve)).then(() => {
      if (!this.#stopping) this.#handlers.onFailure(lane, failure)
      return closed
    })
    return { worker, port: port1, eventFd, ended }
  }
}

function wake({ eventFd }: LaneThread): void {
  writeSync(eventFd, ONE)
}

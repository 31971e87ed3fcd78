import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import type { DgramQueue } from './dgram-queue.ts'
import { type LaneCore, type LaneCoreSource, loadLaneCore } from './lane-core.ts'
import { procSocketFacts } from './proc-net.ts'
import type { UdpFacts, UdpHandlers, UdpReceiver } from './udp.ts'

const DROPS_MILLIS = 1000
/** Datagrams that are pushed before the core is asked again whether it is full. */
const ROUND = 512
/** Feeds a lane's core from the event loop. */
export class DgramLane implements UdpReceiver {
  readonly facts: UdpFacts
  readonly #sockets: Socket[]
  readonly #queue: DgramQueue
  readonly #maxLength: number
  readonly #handlers: UdpHandlers
  readonly #channel = new MessageChannel()
  #core: LaneCore | null = null
  #scheduled = false
  #tickTimer: NodeJS.Timeout | undefined
  #dropsTimer: NodeJS.Timeout | undefined

  constructor(sockets: Socket[], queue: DgramQueue, facts: UdpFacts, maxLength: number, handlers: UdpHandlers) {
    this.facts = facts
    this.#sockets = sockets
    this.#queue = queue
    this.#maxLength = maxLength
    this.#handlers = handlers
    this.#channel.port1.on('message', (message) => handlers.onMessage(0, message))
    for (const socket of sockets) socket.on('error', (error) => handlers.onFailure(0, error))
    queue.onArrival = () => this.#schedule()
  }

  async start({ module, options }: LaneCoreSource): Promise<void> {
    const { port2 } = this.#channel
    const core = await loadLaneCore(module, options(0), port2)
    port2.on('message', (message) =>
      this.#guarded(() => {
        core.message(message)
        this.#schedule()
      }),
    )
    this.#core = core
    this.#dropsTimer = setInterval(() => this.#readDrops(core), DROPS_MILLIS)
    this.#schedule()
    this.#guarded(() => this.#tick(core))
  }

  post(_lane: number, message: unknown): void {
    this.#channel.port1.postMessage(message)
  }

  async stop(): Promise<void> {
    const core = this.#core
    if (core !== null) await this.#takeRest(core)
    clearInterval(this.#dropsTimer)
    clearTimeout(this.#tickTimer)
    this.#core = null
    for (const socket of this.#sockets) socket.close()
    const closed = once(this.#channel.port1, 'close')
    this.#channel.port2.close()
    await closed
  }

  /** Datagrams of one turn of the event loop go together, so that they are counted together. */
  #schedule(): void {
    const core = this.#core
    if (this.#scheduled || core === null || core.full || this.#queue.empty) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#core === null) return
      this.#guarded(() => {
        this.#push(core)
        this.#tick(core)
      })
      this.#schedule()
    })
  }

  #push(core: LaneCore): void {
    const round = this.#queue.next(ROUND)
    let bytes = 0
    let refused = 0
    for (const datagram of round) {
      bytes += datagram.bytes.length
      if (!datagram.sender.allowed) refused++
    }
    core.received(round.length, bytes, refused)
    const now = Date.now()
    const maxLength = this.#maxLength
    for (const datagram of round) {
      const { length } = datagram.bytes
      if (!datagram.sender.allowed) continue
      core.push(datagram.bytes, 0, Math.min(length, maxLength), datagram.sender, now, length > maxLength)
    }
  }

  #tick(core: LaneCore): void {
    clearTimeout(this.#tickTimer)
    const wait = Math.min(core.tick(Date.now()), DROPS_MILLIS)
    this.#tickTimer = setTimeout(() => this.#guarded(() => this.#tick(core)), wait)
  }

  async #readDrops(core: LaneCore): Promise<void> {
    const kernel = this.facts.sockets[0] === null ? null : await procSocketFacts(this.#address, this.facts.port)
    this.#guarded(() => core.kernelDrops((kernel?.drops ?? 0) + this.#queue.dropped))
  }

  get #address(): string {
    return this.#sockets[0].address().address
  }

  /** A turn of the event loop reads a socket that has something; ends at the latest after a buffer's worth. */
  async #takeRest(core: LaneCore): Promise<void> {
    const queue = this.#queue
    const end = queue.taken + 2 * queue.room
    for (let before = -1; queue.taken > before && queue.taken < end; ) {
      before = queue.taken
      await turn()
      await turn()
      this.#guarded(() => {
        while (!queue.empty) this.#push(core)
        core.tick(Date.now())
      })
    }
    await this.#readDrops(core)
    this.#guarded(() => core.flush())
  }

  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#handlers.onFailure(0, error instanceof Error ? error : new Error(String(error)))
    }
  }
}

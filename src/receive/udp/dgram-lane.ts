import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel, type Transferable } from 'node:worker_threads'
import type { Sender } from '../sender.ts'
import { Senders } from '../senders.ts'
import { type LaneCore, type LaneCoreSource, loadLaneCore } from './lane-core.ts'
import { procSocketFacts } from './proc-net.ts'
import type { UdpFacts, UdpHandlers, UdpOptions, UdpReceiver } from './udp.ts'

const DROPS_MILLIS = 1000
/** Datagrams that are pushed before the core is asked again whether it is full. */
const ROUND = 512
/** What a waiting datagram takes besides its bytes, about. */
const OVERHEAD = 256

interface Waiting {
  bytes: Buffer
  sender: Sender
}

/**
 * Feeds a lane's core from the event loop. `node:dgram` can't be told to stop reading: while the core is full,
 * datagrams wait here, up to the size of the receive buffer; what is beyond counts as a drop, as in the kernel.
 */
export class DgramLane implements UdpReceiver {
  readonly facts: UdpFacts
  readonly #sockets: Socket[]
  readonly #options: UdpOptions
  readonly #handlers: UdpHandlers
  readonly #senders: Senders
  readonly #channel = new MessageChannel()
  #core: LaneCore | null = null
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #taken = 0
  #dropped = 0
  #scheduled = false
  #tickTimer: NodeJS.Timeout | undefined
  #dropsTimer: NodeJS.Timeout | undefined

  constructor(sockets: Socket[], facts: UdpFacts, options: UdpOptions, handlers: UdpHandlers) {
    this.facts = facts
    this.#sockets = sockets
    this.#options = options
    this.#handlers = handlers
    this.#senders = new Senders(options.allow)
    this.#channel.port1.on('message', (message) => handlers.onMessage(0, message))
    for (const socket of sockets) {
      socket.on('message', (bytes, { address }) => this.#take(bytes, address))
      socket.on('error', (error) => handlers.onFailure(0, error))
    }
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

  post(_lane: number, message: unknown, transfer: Transferable[] = []): void {
    this.#channel.port1.postMessage(message, transfer)
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

  #take(bytes: Buffer, address: string): void {
    const size = bytes.length + OVERHEAD
    this.#taken += size
    if (this.#waitingBytes + size > this.#options.receiveBuffer) {
      this.#dropped++
      return
    }
    this.#waitingBytes += size
    this.#waiting.push({ bytes, sender: this.#senders.of(address) })
    this.#schedule()
  }

  /** Datagrams of one turn of the event loop go together, so that they are counted together. */
  #schedule(): void {
    const core = this.#core
    if (this.#scheduled || core === null || core.full || this.#waiting.length === 0) return
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
    const round = this.#waiting.splice(0, ROUND)
    let bytes = 0
    let refused = 0
    for (const datagram of round) {
      bytes += datagram.bytes.length
      if (!datagram.sender.allowed) refused++
    }
    this.#waitingBytes -= bytes + round.length * OVERHEAD
    core.received(round.length, bytes, refused)
    const now = Date.now()
    const { maxLength } = this.#options
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
    this.#guarded(() => core.kernelDrops((kernel?.drops ?? 0) + this.#dropped))
  }

  get #address(): string {
    return this.#sockets[0].address().address
  }

  /** A turn of the event loop reads a socket that has something; ends at the latest after a buffer's worth. */
  async #takeRest(core: LaneCore): Promise<void> {
    this.#taken = 0
    for (let before = -1; this.#taken > before && this.#taken < 2 * this.#options.receiveBuffer; await turn()) {
      before = this.#taken
      await turn()
      this.#guarded(() => {
        while (this.#waiting.length > 0) this.#push(core)
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

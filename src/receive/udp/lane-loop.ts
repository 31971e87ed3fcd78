import type { Sender } from '../sender.ts'
import type { LaneCore } from './lane-core.ts'
import { Poller, SOCKET_READY, WOKEN } from './poller.ts'
import { ReceiveRing, RING_SLOTS } from './receive-ring.ts'
import { kernelDrops, receiveBuffer } from './socket.ts'
import { SocketSenders } from './socket-senders.ts'

/** What crosses to a lane's thread, besides its core's options. */
export interface LaneLoopOptions {
  fd: number
  /** Non-blocking eventfd; written to when there is a message for the lane. */
  eventFd: number
  maxLength: number
  allow: readonly string[] | undefined
}

/** How long datagrams may gather once there is one: fewer, larger receive calls. */
const GATHER_MILLIS = 2
/** A smaller buffer would overflow while they gather. */
const GATHER_BUFFER = 1 << 20
const DROPS_MILLIS = 1000
/** What a datagram without content takes of a receive buffer, at least. */
const SMALLEST_DATAGRAM = 256

/** A lane's life: wait, gather, receive, push; until told to stop. Runs on a thread of its own and never yields. */
export class LaneLoop {
  readonly #fd: number
  readonly #core: LaneCore
  readonly #poller: Poller
  readonly #ring: ReceiveRing
  readonly #senders: SocketSenders
  readonly #of: Sender[] = []
  readonly #gather: number
  readonly #readMessages: () => void
  #bytesTaken = 0
  #dropsDue = 0
  #stopping = false

  /** @param readMessages called after each wake: empties the eventfd, reads the messages, maybe calls `stop` */
  constructor(options: LaneLoopOptions, core: LaneCore, readMessages: () => void) {
    this.#fd = options.fd
    this.#core = core
    this.#readMessages = readMessages
    this.#poller = new Poller(options.fd, options.eventFd)
    this.#ring = new ReceiveRing(options.maxLength)
    this.#senders = new SocketSenders(options.allow)
    this.#gather = receiveBuffer(options.fd) >= GATHER_BUFFER ? GATHER_MILLIS : 0
  }

  /** @throws Error when the socket is broken */
  run(): void {
    let more = false
    while (!this.#stopping) {
      const wait = this.#tick()
      if (this.#core.full) {
        more = false
        if (this.#poller.waitForWake(wait)) this.#readMessages()
        continue
      }
      const ready = this.#poller.wait(more ? 0 : wait)
      if (ready & WOKEN) this.#readMessages()
      if (!(ready & SOCKET_READY) || this.#core.full) {
        more = false
        continue
      }
      if (!more && this.#gather > 0 && this.#poller.waitForWake(this.#gather)) this.#readMessages()
      more = this.#take() === RING_SLOTS
    }
    this.#takeRest()
    this.#core.kernelDrops(kernelDrops(this.#fd))
    this.#core.flush()
  }

  stop(): void {
    this.#stopping = true
  }

  /** Returns ms until the next tick is wanted. */
  #tick(): number {
    const wait = this.#core.tick(Date.now())
    const now = performance.now()
    if (now >= this.#dropsDue) {
      this.#dropsDue = now + DROPS_MILLIS
      this.#core.kernelDrops(kernelDrops(this.#fd))
    }
    return Math.min(wait, this.#dropsDue - now)
  }

  /** One receive call. Returns the number of datagrams. */
  #take(): number {
    const ring = this.#ring
    const core = this.#core
    const of = this.#of
    const count = ring.receive(this.#fd)
    if (count === 0) return 0
    let bytes = 0
    let refused = 0
    for (let i = 0; i < count; i++) {
      const sender = this.#senders.of(ring.names, i)
      if (!sender.allowed) refused++
      of[i] = sender
      bytes += ring.lengthOf(i)
    }
    this.#bytesTaken += bytes + count * SMALLEST_DATAGRAM
    core.received(count, bytes, refused)
    const now = Date.now()
    for (let i = 0; i < count; i++) {
      const start = ring.start(i)
      if (of[i].allowed) core.push(ring.bytes, start, start + ring.lengthOf(i), of[i], now, ring.truncated(i))
    }
    return count
  }

  /**
   * What the socket holds at the stop: until it is empty, or, as senders may go on, until a whole buffer's worth was
   * taken. Also with a full core: it keeps a push in spite of that.
   */
  #takeRest(): void {
    const held = receiveBuffer(this.#fd) * 2
    this.#bytesTaken = 0
    while (this.#bytesTaken < held && this.#take() > 0) this.#core.tick(Date.now())
  }
}

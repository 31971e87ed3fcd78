import type { Sender } from '../sender.ts'
import { Garbage } from './garbage.ts'
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

/** Receive buffer for each ms of gathering: the kernel takes twice of it, which is the room for 1,300 short datagrams. */
const BUFFER_PER_MILLI = 1 << 19
const GATHER_MILLIS = { least: 2, most: 8 }
/** So many are wanted of a receive call: as many ms as they take at the rate of the last one. */
const GATHER_WANTED = RING_SLOTS / 2
const SECOND = 1000
/** What a datagram without content takes of a receive buffer, at least. */
const SMALLEST_DATAGRAM = 256

/**
 * A lane's life: wait, receive, push; until told to stop. Runs on a thread of its own and never yields.
 *
 * While datagrams come, it does not wait for the next one but lets some ms pass, so that they gather: each time that the
 * thread sleeps and wakes costs 20 to 300 µs on a virtual machine, as much as ten lines or a hundred. 750 lines/s took 90 s
 * of CPU per million when each pause of 2 ms followed a wait for a datagram, and take 65.
 */
export class LaneLoop {
  readonly #fd: number
  readonly #core: LaneCore
  readonly #poller: Poller
  readonly #ring: ReceiveRing
  readonly #senders: SocketSenders
  readonly #of: Sender[] = []
  /** The longest that datagrams may gather, ms: what comes meanwhile has to fit into the receive buffer. */
  readonly #longest: number
  readonly #readMessages: () => void
  #bytesTaken = 0
  #takenAt = 0
  /** Of this second. */
  #datagrams = 0
  readonly #garbage = new Garbage()
  #secondDue = 0
  #stopping = false

  /** @param readMessages called after each wake: empties the eventfd, reads the messages, maybe calls `stop` */
  constructor(options: LaneLoopOptions, core: LaneCore, readMessages: () => void) {
    this.#fd = options.fd
    this.#core = core
    this.#readMessages = readMessages
    this.#poller = new Poller(options.fd, options.eventFd)
    this.#ring = new ReceiveRing(options.maxLength)
    this.#senders = new SocketSenders(options.allow)
    this.#longest = Math.min(GATHER_MILLIS.most, Math.floor(receiveBuffer(options.fd) / BUFFER_PER_MILLI))
  }

  /** @throws Error when the socket is broken */
  run(): void {
    let gather = 0
    while (!this.#stopping) {
      const wait = this.#tick()
      if (this.#core.full) {
        gather = 0
        if (this.#poller.waitForWake(wait)) this.#readMessages()
        continue
      }
      const ready = gather > 0 ? this.#poller.waitForWake(gather) | SOCKET_READY : this.#poller.wait(wait)
      if (ready & WOKEN) this.#readMessages()
      gather = ready & SOCKET_READY && !this.#core.full ? this.#gatherAfter(this.#take()) : 0
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
    if (now >= this.#secondDue) {
      this.#secondDue = now + SECOND
      this.#core.kernelDrops(kernelDrops(this.#fd))
      this.#garbage.tick(now, this.#datagrams)
      this.#datagrams = 0
    }
    return Math.min(wait, this.#secondDue - now)
  }

  /** How long to let datagrams gather after a receive call, ms; 0: wait for the next, if it is not there already. */
  #gatherAfter(count: number): number {
    const now = performance.now()
    const rate = count / (now - this.#takenAt)
    this.#takenAt = now
    // There is more already, or it comes so slowly that one alone would be waited for.
    if (count === RING_SLOTS || rate * this.#longest < 1) return 0
    return Math.min(this.#longest, Math.max(GATHER_MILLIS.least, Math.floor(GATHER_WANTED / rate)))
  }

  /** One receive call. Returns the number of datagrams. */
  #take(): number {
    const ring = this.#ring
    const core = this.#core
    const of = this.#of
    const count = ring.receive(this.#fd)
    if (count === 0) return 0
    this.#datagrams += count
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

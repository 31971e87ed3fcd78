import type { Sender } from '../sender.ts'
import { Garbage, loadOfLane } from './garbage.ts'
import type { LaneCore } from './lane-core.ts'
import { Poller, SOCKET_READY, WOKEN } from './poller.ts'
import { RECEIVED_MOST, ReceiveRing, RING_SLOTS } from './receive-ring.ts'
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

/** Receive buffer for each ms of gathering: the kernel takes twice of it, which is the room for 650 short datagrams. */
const BUFFER_PER_MILLI = 1 << 18
const GATHER_MILLIS = { least: 2, most: 16 }
/** So many are wanted of a receive call: as many ms as they take at the rate of the last one. */
const GATHER_WANTED = 480
/**
 * Datagrams stay in the ring until there are so many for each ms that they gather, or for so long: less than a batch stays
 * open. The shorter they gather, since many come or the receive buffer holds few, the sooner it has to be emptied again.
 */
const HELD = { perMilli: 64, millis: 100 }
const SECOND = 1000
/** What a datagram without content takes of a receive buffer, at least. */
const SMALLEST_DATAGRAM = 256

/**
 * A lane's life: wait, receive, push; until told to stop. Runs on a thread of its own and never yields.
 *
 * While datagrams come, it does not wait for the next one but lets some ms pass, so that they gather: each time that the
 * thread sleeps and wakes costs 20 to 300 µs on a virtual machine, as much as ten lines or a hundred. And few are not
 * pushed at once: the first line after a sleep costs a hundred times of the next, since what it runs and reads is in no
 * cache. Of a core, all threads, in turn with pauses of 8 ms at most and nothing held: 125 lines/s 2.6 % in place of 4.6,
 * 800/s 2.6 in place of 5.1, 5,050/s 5.7 in place of 7.4. At 30,000/s this thread takes 3.1 to 4.9 µs a line, and 3.4 to
 * 5.9 where 256 are gathered and no more than 64 held (in turn within one run, three runs).
 */
export class LaneLoop {
  readonly #fd: number
  readonly #core: LaneCore
  readonly #poller: Poller
  readonly #ring: ReceiveRing
  readonly #senders: SocketSenders
  /** Datagrams in the ring that were not pushed yet, and when each of them, and the first, was received. */
  #held = 0
  #heldSince = 0
  readonly #receivedAt = new Float64Array(RING_SLOTS)
  readonly #of: Sender[] = []
  /** The longest that datagrams may gather, ms: what comes meanwhile has to fit into the receive buffer. */
  readonly #longest: number
  readonly #readMessages: () => void
  #bytesTaken = 0
  #takenAt = 0
  /** Datagrams a ms, between the last two receive calls that found any. */
  #rate = 0
  /** How long datagrams gather before the next receive call, ms; 0: it waits for them. */
  #gather = 0
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
    while (!this.#stopping) {
      const wait = this.#tick()
      if (this.#core.full) {
        this.#gather = 0
        if (this.#poller.waitForWake(wait)) this.#readMessages()
        continue
      }
      const ready = this.#gather > 0 ? this.#poller.waitForWake(this.#gather) | SOCKET_READY : this.#poller.wait(wait)
      if (ready & WOKEN) this.#readMessages()
      this.#gather = ready & SOCKET_READY && !this.#core.full ? this.#gatherAfter(this.#take()) : 0
      if (this.#isEnough()) this.#push()
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
      this.#garbage.tick(now, loadOfLane(this.#datagrams))
      this.#datagrams = 0
    }
    const held = this.#held === 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#heldSince + HELD.millis - now)
    return Math.min(wait, held, this.#secondDue - now)
  }

  /** How long to let datagrams gather after a receive call. */
  #gatherAfter(count: number): number {
    if (count === 0) return 0
    const now = performance.now()
    this.#rate = count / (now - this.#takenAt)
    this.#takenAt = now
    // There is more already, or it comes so slowly that one alone would be waited for.
    if (count === RECEIVED_MOST || this.#rate * this.#longest < 1) return 0
    return Math.min(this.#longest, Math.max(GATHER_MILLIS.least, Math.floor(GATHER_WANTED / this.#rate)))
  }

  /** One receive call, counted. Returns the number of datagrams. */
  #take(): number {
    const ring = this.#ring
    const of = this.#of
    const from = this.#held
    const count = ring.receive(this.#fd, from)
    if (count === 0) return 0
    if (from === 0) this.#heldSince = performance.now()
    this.#held += count
    this.#datagrams += count
    this.#receivedAt.fill(Date.now(), from, this.#held)
    let bytes = 0
    let refused = 0
    for (let i = from; i < this.#held; i++) {
      const sender = this.#senders.of(ring.names, i)
      if (!sender.allowed) refused++
      of[i] = sender
      bytes += ring.lengthOf(i)
    }
    this.#bytesTaken += bytes + count * SMALLEST_DATAGRAM
    this.#core.received(count, bytes, refused)
    return count
  }

  /** Whether to push now: there are many, or no more are to be expected soon. */
  #isEnough(): boolean {
    if (this.#held === 0) return false
    if (this.#held >= HELD.perMilli * Math.max(1, this.#gather) || this.#rate * HELD.millis < 1) return true
    return performance.now() - this.#heldSince >= HELD.millis
  }

  /** Hands all of the ring to the core. */
  #push(): void {
    const ring = this.#ring
    const of = this.#of
    const count = this.#held
    this.#held = 0
    for (let i = 0; i < count; i++) {
      const start = ring.start(i)
      const end = start + ring.lengthOf(i)
      if (of[i].allowed) this.#core.push(ring.bytes, start, end, of[i], this.#receivedAt[i], ring.truncated(i))
    }
  }

  /**
   * What the socket holds at the stop: until it is empty, or, as senders may go on, until a whole buffer's worth was
   * taken. Also with a full core: it keeps a push in spite of that.
   */
  #takeRest(): void {
    const held = receiveBuffer(this.#fd) * 2
    this.#bytesTaken = 0
    this.#push()
    while (this.#bytesTaken < held && this.#take() > 0) {
      this.#push()
      this.#core.tick(Date.now())
    }
  }
}

import type { Socket } from 'node:dgram'
import type { Sender } from '../sender.ts'
import type { Senders } from '../senders.ts'

/** What a waiting datagram takes besides its bytes, about. */
const OVERHEAD = 256

export interface Datagram {
  bytes: Buffer
  sender: Sender
}

/**
 * Datagrams that were read and not pushed yet. `node:dgram` can't be told to stop reading: while the core is full,
 * they wait here, as many as the sockets' receive buffers hold; what is beyond is dropped and counted, as by the kernel.
 */
export class DgramQueue {
  /** Bytes that came so far, those of dropped datagrams too. */
  taken = 0
  dropped = 0
  /** Bytes that may wait. */
  room: number
  /** Called for each datagram that waits. */
  onArrival: () => void = () => {}
  readonly #senders: Senders
  #waiting: Datagram[] = []
  #bytes = 0

  constructor(senders: Senders, room: number) {
    this.room = room
    this.#senders = senders
  }

  /** Before the socket is bound: what it reads while nobody listens to it is lost. */
  listenTo(socket: Socket): void {
    socket.on('message', (bytes, { address }) => this.#add(bytes, address))
  }

  get empty(): boolean {
    return this.#waiting.length === 0
  }

  /** The oldest ones. */
  next(count: number): Datagram[] {
    const datagrams = this.#waiting.splice(0, count)
    for (const { bytes } of datagrams) this.#bytes -= bytes.length + OVERHEAD
    return datagrams
  }

  #add(bytes: Buffer, address: string): void {
    const size = bytes.length + OVERHEAD
    this.taken += size
    if (this.#bytes + size > this.room) {
      this.dropped++
      return
    }
    this.#bytes += size
    this.#waiting.push({ bytes, sender: this.#senders.of(address) })
    this.onArrival()
  }
}

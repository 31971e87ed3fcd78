import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { UserError } from '../errors.ts'
import type { Datagrams } from './datagrams.ts'
import type { DatagramSender, SenderCounts, UdpTarget } from './sender.ts'

/** So many sends may be under way: `node:dgram` keeps what the kernel does not take yet in memory. */
const UNDER_WAY = 512

/** A connected UDP socket of `node:dgram`: where `sendmmsg` can't be had. */
export async function openDgramSender(target: UdpTarget): Promise<DatagramSender> {
  const socket = createSocket(target.family === 6 ? 'udp6' : 'udp4')
  try {
    socket.connect(target.port, target.address)
    await once(socket, 'connect')
  } catch (error) {
    socket.close()
    throw new UserError(`can't send to ${target.url}: ${error instanceof Error ? error.message : error}`)
  }
  return new DgramSender(socket, target)
}

class DgramSender implements DatagramSender {
  readonly counts: SenderCounts = { sent: 0, bytes: 0, refused: 0, tooLong: 0 }
  readonly #socket: Socket
  readonly #target: UdpTarget
  #failure: UserError | null = null
  #closed = false

  constructor(socket: Socket, target: UdpTarget) {
    this.#socket = socket
    this.#target = target
    socket.on('error', (error) => this.#settle(error, 0))
  }

  async send(datagrams: Datagrams, from = 0, to = datagrams.count): Promise<void> {
    for (let next = from; next < to; next += UNDER_WAY) {
      await this.#sendSome(datagrams, next, Math.min(to, next + UNDER_WAY))
      if (this.#failure !== null) throw this.#failure
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #sendSome({ bytes, starts, ends }: Datagrams, from: number, to: number): Promise<void> {
    return new Promise((resolve) => {
      let waiting = to - from
      for (let i = from; i < to; i++) {
        const length = ends[i] - starts[i]
        this.#socket.send(bytes, starts[i], length, (error) => {
          this.#settle(error, length)
          if (--waiting === 0) resolve()
        })
      }
    })
  }

  #settle(error: Error | null, length: number): void {
    const code = error !== null && 'code' in error ? error.code : null
    if (error === null) {
      this.counts.sent++
      this.counts.bytes += length
    } else if (code === 'ECONNREFUSED') this.counts.refused++
    else if (code === 'EMSGSIZE') this.counts.tooLong++
    else this.#failure ??= new UserError(`can't send to ${this.#target.url}: ${error.message}`)
  }
}

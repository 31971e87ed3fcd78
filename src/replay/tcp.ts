import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { UserError } from '../errors.ts'
import type { Datagrams } from './datagrams.ts'
import type { DatagramSender, Framing, SenderCounts } from './sender.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** How long the peer may take to close its side; the kernel delivers what it has in any case. */
const PEER_CLOSE_MS = 5_000
const LF = 10

export interface TcpTarget {
  url: string
  /** A name is tried with all its addresses. */
  host: string
  port: number
}

/** One TCP connection; never faster than the peer reads. */
export async function openTcpSender(target: TcpTarget, framing: Framing): Promise<DatagramSender> {
  const socket = connect({ host: target.host, port: target.port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) })
  } catch (error) {
    socket.destroy()
    const reason = error instanceof Error && error.name === 'AbortError' ? 'no answer for 10 s' : messageOf(error)
    throw new UserError(`can't connect to ${target.url}: ${reason}`)
  }
  return new TcpSender(socket, target, framing)
}

class TcpSender implements DatagramSender {
  readonly counts: SenderCounts = { sent: 0, bytes: 0, refused: 0, tooLong: 0 }
  readonly #socket: Socket
  readonly #target: TcpTarget
  readonly #framing: Framing
  /** Why nothing can be sent any more. */
  #failure: string | null = null
  #closing = false

  constructor(socket: Socket, target: TcpTarget, framing: Framing) {
    this.#socket = socket
    this.#target = target
    this.#framing = framing
    socket.on('error', (error) => this.#failed(error.message))
    socket.on('close', () => this.#failed('closed by the peer'))
    // A receiver has nothing to say; its FIN is only noticed when something reads.
    socket.resume()
  }

  async send(datagrams: Datagrams, from = 0, to = datagrams.count): Promise<void> {
    this.#check()
    if (from >= to) return
    const more = this.#socket.write(
      this.#framing === 'octet' ? octetFrames(datagrams, from, to) : lineFrames(datagrams, from, to),
    )
    if (!more) await this.#until('drain')
    this.#check()
    this.counts.sent += to - from
    for (let i = from; i < to; i++) this.counts.bytes += datagrams.ends[i] - datagrams.starts[i]
  }

  async close(patience = Number.POSITIVE_INFINITY): Promise<void> {
    this.#closing = true
    const giveUp = () => this.#socket.destroy()
    let timer = patience === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, patience)
    this.#socket.end()
    if (!this.#socket.writableFinished) await this.#until('finish')
    clearTimeout(timer)
    timer = setTimeout(giveUp, Math.min(patience, PEER_CLOSE_MS))
    if (!this.#socket.closed) await this.#until('close')
    clearTimeout(timer)
    this.#check()
  }

  /** Resolved by the event, or by the end of the connection. */
  #until(event: 'drain' | 'finish' | 'close'): Promise<void> {
    const socket = this.#socket
    if (socket.closed) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off(event, done).off('close', done)
        resolve()
      }
      socket.on(event, done).on('close', done)
    })
  }

  #failed(reason: string): void {
    if (!this.#closing || reason !== 'closed by the peer') this.#failure ??= reason
  }

  #check(): void {
    if (this.#failure === null) return
    throw new UserError(
      `lost the connection to ${this.#target.url} after ${this.counts.sent} messages: ${this.#failure}`,
    )
  }
}

/** RFC 6587 section 3.4.1: `MSG-LEN SP SYSLOG-MSG`. */
function octetFrames(datagrams: Datagrams, from: number, to: number): Buffer {
  const { bytes, starts, ends } = datagrams
  // Up to ten digits and a blank.
  let size = (to - from) * 11
  for (let i = from; i < to; i++) size += ends[i] - starts[i]
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = from; i < to; i++) {
    at += out.write(`${ends[i] - starts[i]} `, at, 'latin1')
    at += bytes.copy(out, at, starts[i], ends[i])
  }
  return out.subarray(0, at)
}

/**
 * RFC 6587 section 3.4.2, LF as the trailer. Line feeds at a message's end are dropped, inner ones written as `#012`
 * (as rsyslog forwards them): they would cut it in two.
 */
function lineFrames(datagrams: Datagrams, from: number, to: number): Buffer {
  const parts: Buffer[] = []
  const end = Buffer.from([LF])
  for (let i = from; i < to; i++) {
    const message = datagrams.at(i)
    let length = message.length
    while (length > 0 && message[length - 1] === LF) length--
    const trimmed = message.subarray(0, length)
    parts.push(
      trimmed.includes(LF) ? Buffer.from(trimmed.toString('latin1').replaceAll('\n', '#012'), 'latin1') : trimmed,
    )
    parts.push(end)
  }
  return Buffer.concat(parts)
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LineSink } from '../lane/sink.ts'
import type { Frames } from './framing.ts'
import { type InheritedSocket, takeOver } from './inherited.ts'
import { type ListenAddress, listenError } from './listen-error.ts'
import type { Sender } from './sender.ts'
import { Senders } from './senders.ts'
import { type ConnectionOptions, TcpConnection } from './tcp-connection.ts'

export interface TcpOptions extends ListenAddress, ConnectionOptions {
  /** Further ones are closed at once, and counted as refused. */
  maxConnections: number
  /** Networks and addresses that may connect; undefined: everybody. */
  allow?: readonly string[] | undefined
}

/** The lane behind a TCP input. */
export interface FrameSink extends LineSink {
  /** Frames and bytes of one chunk; called before the first of them is pushed. */
  received(frames: number, bytes: number, refused: number): void
}

export interface TcpCounters {
  open: number
  total: number
  /** Not allowed, or too many. */
  refused: number
  frames: number
  bytes: number
  truncated: number
}

/** At the stop: a connection counts as read to its end when nothing came for so long ... */
const QUIET_MILLIS = 100
/** ... and all end after this at the latest. */
const STOP_MILLIS = 2000

/**
 * A listening TCP socket and its connections. With a full sink nothing is read, so that the senders are slowed down.
 *
 *     const tcp = new TcpInput({ host: '0.0.0.0', port: 514, maxConnections: 1000, … }, lane)
 *     const { port } = await tcp.start()
 */
export class TcpInput {
  readonly counters: TcpCounters = { open: 0, total: 0, refused: 0, frames: 0, bytes: 0, truncated: 0 }
  readonly #options: TcpOptions
  readonly #sink: FrameSink
  readonly #senders: Senders
  readonly #server: Server
  readonly #connections = new Set<TcpConnection>()
  #paused = false

  constructor(options: TcpOptions, sink: FrameSink) {
    this.#options = options
    this.#sink = sink
    this.#senders = new Senders(options.allow)
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = options.maxConnections
    this.#server.on('drop', () => this.counters.refused++)
  }

  /**
   * Listens, on the socket of `inherited` that fits, if there is one.
   *
   * @throws UserError
   */
  async start(inherited: InheritedSocket[] = []): Promise<{ port: number; inherited: boolean }> {
    const { host, port } = this.#options
    const [first] = takeOver(inherited, 'tcp', this.#options)
    try {
      this.#server.listen(first === undefined ? { host, port } : { fd: first.fd })
      await once(this.#server, 'listening')
    } catch (error) {
      throw listenError('tcp', this.#options, error instanceof Error && 'code' in error ? String(error.code) : '')
    }
    // Such as too many open files: the connection is lost, the listener goes on.
    this.#server.on('error', () => this.counters.refused++)
    const address = this.#server.address()
    return { port: typeof address === 'object' ? (address?.port ?? port) : port, inherited: first !== undefined }
  }

  /** Accepts no more, tells senders to end, takes what they have sent, and closes. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const connection of this.#connections) connection.end()
    const deadline = performance.now() + STOP_MILLIS
    while (performance.now() < deadline && (this.#paused || this.#connections.size > 0)) {
      for (const connection of this.#connections) {
        if (!this.#paused && connection.quietFor > QUIET_MILLIS) connection.socket.destroy()
      }
      await delay(QUIET_MILLIS / 4)
    }
    for (const { socket } of this.#connections) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket
    const sender = remoteAddress === undefined ? null : this.#senders.of(remoteAddress)
    if (sender === null || !sender.allowed) {
      this.counters.refused++
      socket.destroy()
      return
    }
    this.counters.total++
    this.counters.open++
    const connection = new TcpConnection(socket, sender, this.#options, this.#take)
    this.#connections.add(connection)
    socket.on('close', () => {
      this.counters.open--
      this.#connections.delete(connection)
    })
    if (this.#paused) connection.pause()
  }

  readonly #take = (frames: Frames, sender: Sender): void => {
    const { counters } = this
    let bytes = 0
    for (let i = 0; i < frames.count; i++) {
      bytes += frames.ends[i] - frames.starts[i]
      if (frames.truncated[i]) counters.truncated++
    }
    counters.frames += frames.count
    counters.bytes += bytes
    const sink = this.#sink
    sink.received(frames.count, bytes, 0)
    const now = Date.now()
    for (let i = 0; i < frames.count; i++) {
      sink.push(frames.bytes[i], frames.starts[i], frames.ends[i], sender, now, frames.truncated[i])
    }
    if (sink.full && !this.#paused) this.#wait()
  }

  /** All connections pause, not only the one that noticed: each would push another chunk otherwise. */
  #wait(): void {
    this.#paused = true
    for (const connection of this.#connections) connection.pause()
    this.#sink.whenReady().then(
      () => {
        this.#paused = false
        for (const connection of this.#connections) connection.resume()
      },
      () => {},
    )
  }
}

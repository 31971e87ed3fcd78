import type { Socket } from 'node:net'
import { FrameSplitter, Frames } from './framing.ts'
import type { Sender } from './sender.ts'

export interface ConnectionOptions {
  maxLength: number
  /** ms; a silent connection is closed after this time. */
  idleTimeout: number
  /** ms; a frame without its trailer counts as ended after this time. */
  flushAfter: number
}

/** Gets the frames of each chunk; they are only valid during the call. */
export type TakeFrames = (frames: Frames, sender: Sender) => void

/** One sender's connection: whatever it sends, only it, its idleness or its own network ends it. */
export class TcpConnection {
  readonly socket: Socket
  readonly #sender: Sender
  readonly #options: ConnectionOptions
  readonly #take: TakeFrames
  readonly #frames = new Frames()
  readonly #splitter: FrameSplitter
  #flushTimer: NodeJS.Timeout | undefined
  #paused = false
  #lastData = performance.now()

  constructor(socket: Socket, sender: Sender, options: ConnectionOptions, take: TakeFrames) {
    this.socket = socket
    this.#sender = sender
    this.#options = options
    this.#take = take
    this.#splitter = new FrameSplitter(options.maxLength, this.#frames)
    socket.setTimeout(options.idleTimeout)
    socket.on('data', (chunk) => {
      // Text only comes where an encoding was set.
      if (typeof chunk !== 'string') this.#data(chunk)
    })
    // The sender has ended, or is gone (`error` comes before): what it began is all there will be.
    socket.on('close', () => this.#flush())
    socket.on('error', () => {})
    socket.on('timeout', () => {
      // Nothing is read while paused, so the silence is ours.
      if (!this.#paused) socket.destroySoon()
    })
  }

  /** ms since something came or could have come. */
  get quietFor(): number {
    return performance.now() - this.#lastData
  }

  pause(): void {
    this.#paused = true
    this.socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#lastData = performance.now()
    this.#watchForTrailer()
    this.socket.setTimeout(this.#options.idleTimeout)
    this.socket.resume()
  }

  /** Tells the sender that nobody will listen any more; what it has sent is still read. */
  end(): void {
    this.#lastData = performance.now()
    this.socket.end()
  }

  #data(chunk: Buffer): void {
    this.#lastData = performance.now()
    this.#splitter.push(chunk)
    this.#handOn()
    this.#watchForTrailer()
  }

  /** Ends a frame when its trailer does not come. */
  #watchForTrailer(): void {
    if (!this.#splitter.waiting) this.#stopFlushTimer()
    else if (this.#flushTimer !== undefined) this.#flushTimer.refresh()
    else this.#flushTimer = setTimeout(() => setImmediate(() => this.#noTrailer()), this.#options.flushAfter)
  }

  /**
   * Runs after the sockets were read, as a busy event loop may have been late for the data, too. While nothing is read
   * the trailer may be on its way.
   */
  #noTrailer(): void {
    if (this.#paused || !this.#splitter.waiting) return
    if (this.quietFor < this.#options.flushAfter - 1) this.#watchForTrailer()
    else this.#flush()
  }

  #flush(): void {
    this.#stopFlushTimer()
    this.#splitter.flush()
    this.#handOn()
  }

  #stopFlushTimer(): void {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
  }

  #handOn(): void {
    if (this.#frames.count > 0) this.#take(this.#frames, this.#sender)
    this.#frames.clear()
  }
}

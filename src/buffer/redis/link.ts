import { Redis } from 'ioredis'
import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { BufferDown } from '../buffer.ts'
import { advice, parseInfo, unfit } from './checks.ts'
import { failureOf, isReply } from './failure.ts'
import { defineScripts } from './scripts.ts'
import { parseRedisUrl, type RedisAddress } from './url.ts'

export interface LinkOptions {
  url: string
  /** Bytes that the buffer may store there: said on connect when the server has less. */
  size: number
  onHappening?: OnHappening | undefined
  /** A command without answer for so long means "down"; default 1 s. */
  commandMillis?: number | undefined
}

const BEAT_MILLIS = 500
const LONGEST_RETRY = 1000
const AFTER_REFUSAL_MILLIS = 2000

/**
 * The connection to one Redis: whether it is well, and since when. A server that was stopped still accepts connections
 * and says nothing, so each command has a time limit, and a heartbeat asks when nobody else does: 1.5 s at most until
 * that is noticed. Nothing is queued while it is down, and nothing sent twice.
 */
export class RedisLink {
  readonly name: string
  readonly #address: RedisAddress
  readonly #options: LinkOptions
  readonly #client: Redis
  readonly #beat: NodeJS.Timeout
  readonly #all = new Set<Redis>()
  readonly #listeners = new Set<() => void>()
  #fit = false
  /** After an answer that refuses, the next try waits: the server says "no" as fast as it is asked. */
  #checkAt = 0
  #closed = false
  /** Why it is not well; null while it is. */
  trouble: string | null = 'not connected yet'
  /** Since when it is well, or is not; ms since the epoch. */
  since = Date.now()

  constructor(options: LinkOptions) {
    this.#options = options
    this.#address = parseRedisUrl(options.url)
    this.name = this.#address.name
    this.#client = this.#connect(options.commandMillis ?? 1000)
    this.#client.on('ready', () => void this.#check())
    this.#client.on('close', () => {
      // After an error that says more.
      if (this.well) this.#down(`the connection to ${this.name} is lost`)
      this.#fit = false
    })
    this.#client.on('error', (error: unknown) => this.#down(this.#reasonOf(error)))
    this.#beat = setInterval(() => void this.#ping(), BEAT_MILLIS).unref()
  }

  get well(): boolean {
    return this.trouble === null
  }

  /** Calls `listener` whenever it becomes well. */
  onWell(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Resolves when it is well, or after `millis`. */
  async settled(millis: number): Promise<boolean> {
    if (this.well) return true
    const well = Promise.withResolvers<void>()
    const timer = setTimeout(well.resolve, millis)
    this.onWell(well.resolve)
    await well.promise
    clearTimeout(timer)
    this.#listeners.delete(well.resolve)
    return this.well
  }

  /** Rejects with BufferDown, BufferFull, or an Error for a defect. */
  async run<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    if (!this.#fit) throw new BufferDown(this.trouble ?? `${this.name} is not connected`)
    this.#sendTogether()
    return this.#guard(command(this.#client))
  }

  /** Commands of one turn of the event loop leave in one write, and are answered in one. */
  #sendTogether(): void {
    const { stream } = this.#client
    if (stream.writableCorked > 0) return
    stream.cork()
    process.nextTick(() => stream.uncork())
  }

  /** A connection of its own for commands that block; `run` it with `blocking`. The link closes it. */
  blocker(): Redis {
    // Its commands wait longer than any limit that would notice a stopped server; the heartbeat notices that.
    return this.#connect(undefined)
  }

  async blocking<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw failureOf(error, this.name)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#beat)
    this.#fit = false
    this.trouble = `${this.name} is closed`
    for (const client of this.#all) client.disconnect()
  }

  #connect(commandTimeout: number | undefined): Redis {
    const client = new Redis({
      ...this.#address.options,
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 1000,
      disconnectTimeout: 100,
      maxLoadingRetryTime: 500,
      sentinelMaxConnections: 3,
      connectionName: 'sluice',
      disableClientInfo: true,
      ...(commandTimeout === undefined ? {} : { commandTimeout }),
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 8), LONGEST_RETRY),
      sentinelRetryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 8), LONGEST_RETRY),
    })
    // Told by the link's own client; without a listener ioredis prints.
    client.on('error', () => {})
    defineScripts(client)
    this.#all.add(client)
    return client
  }

  async #guard<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      const failure = failureOf(error, this.name)
      if (failure instanceof BufferDown) {
        this.#down(failure.message)
        if (failure.unanswered) this.#reconnect()
        else this.#checkAt = Date.now() + AFTER_REFUSAL_MILLIS
      }
      throw failure
    }
  }

  async #check(): Promise<void> {
    try {
      // Not through `run`: it is not known to be fit yet.
      // PING is what a server answers with MISCONF or LOADING; INFO it answers always.
      const [text] = await this.#guard(Promise.all([this.#client.info(), this.#client.ping()]))
      const info = parseInfo(text)
      const why = unfit(info)
      if (why !== undefined) return this.#down(`${this.name} ${why}`)
      if (this.#closed) return
      this.#fit = true
      this.trouble = null
      this.since = Date.now()
      this.#tell('buffer_up', `${this.name} is well`)
      for (const text of advice(info, this.#options.size)) this.#tell('buffer_advice', `${this.name}: ${text}`)
      for (const listener of [...this.#listeners]) listener()
    } catch {
      // `#guard` has told.
    }
  }

  async #ping(): Promise<void> {
    if (this.#client.status !== 'ready') return
    if (!this.#fit) return Date.now() < this.#checkAt ? undefined : this.#check()
    await this.#guard(this.#client.ping()).catch(() => {})
  }

  #reconnect(): void {
    for (const client of this.#all) if (client.status === 'ready') client.disconnect(true)
  }

  #down(reason: string): void {
    const was = this.trouble
    this.#fit = false
    if (this.#closed) return
    this.trouble = reason
    if (was !== null) return
    this.since = Date.now()
    this.#tell('buffer_down', reason)
  }

  #reasonOf(error: unknown): string {
    if (isReply(error)) return failureOf(error, this.name).message
    // Several addresses that all refused come as one error without a message.
    const reason = error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error)
    return `${this.name}: ${reason}`
  }

  #tell(kind: 'buffer_up' | 'buffer_down' | 'buffer_advice', text: string): void {
    this.#options.onHappening?.({ kind, text })
  }
}

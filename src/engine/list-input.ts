import { setTimeout as delay } from 'node:timers/promises'
import { type ListPosition, ListReader } from '../buffer/list/reader.ts'
import { RedisLink } from '../buffer/redis/link.ts'
import type { ReceiveConfig } from '../config/schema.ts'
import { messageOf } from '../ledger/files.ts'
import { filesHappened } from './happenings.ts'
import type { Input, InputContext } from './inputs.ts'
import { ListLane } from './list-lane.ts'

type ListConfig = Extract<ReceiveConfig, { kind: 'redis-list' }>

/** Between tries: to read what Redis refuses, to tell it what is safe. */
const AGAIN_MILLIS = 1000

/** Reads a list in each of the servers, until stopped; one that is away is waited for. */
export async function openListInput(config: ListConfig, context: InputContext): Promise<Input> {
  const readings = config.servers.map((url) => new Reading(url, config, context))
  return {
    description: `${config.name} (${readings.map(({ server }) => server).join(', ')})`,
    async stop() {
      await Promise.all(readings.map((reading) => reading.stop()))
    },
    shed() {},
  }
}

/** One list in one Redis. */
class Reading {
  readonly server: string
  readonly #link: RedisLink
  readonly #reader: ListReader
  readonly #lane: ListLane
  readonly #context: InputContext
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  readonly #timer: NodeJS.Timeout
  /** What is safe here, and not yet known to be done there. */
  #safe: { stream: string; last: number } | undefined
  #telling: Promise<void> = Promise.resolve()

  constructor(url: string, { name, key, reader }: ListConfig, context: InputContext) {
    this.#context = context
    this.#link = new RedisLink({ url, size: 0, onHappening: filesHappened(context.log) })
    this.server = this.#link.name
    const own = reader ?? context.config.host
    const positionKey = `redis-list ${this.server} ${key} ${own}`
    this.#reader = new ListReader(this.#link, key, own, asPosition(context.buffer.positions().get(positionKey)))
    const safe = (stream: string, last: number) => {
      this.#safe = { stream, last }
      this.#telling = this.#telling.then(() => this.#tell())
    }
    this.#lane = new ListLane({ name, positionKey, context, safe })
    this.#timer = setInterval(() => {
      this.#telling = this.#telling.then(() => this.#tell())
    }, AGAIN_MILLIS).unref()
    this.#running = this.#run()
  }

  /** What is in hand and not safe stays in Redis, for the next start. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#lane.stop()
    clearInterval(this.#timer)
    await this.#telling
    this.#link.close()
  }

  /** What Redis refuses (the key is no list, say) is told once and tried again: other inputs go on. */
  async #run(): Promise<void> {
    for (let told = ''; !this.#stop.signal.aborted; ) {
      try {
        for await (const part of this.#reader.read(this.#stop.signal)) {
          told = ''
          await this.#lane.take(part)
        }
      } catch (error) {
        const reason = messageOf(error)
        if (reason !== told) this.#context.log.error({ reason }, 'a list can not be read, trying again')
        told = reason
        await delay(AGAIN_MILLIS, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
  }

  async #tell(): Promise<void> {
    const safe = this.#safe
    if (safe === undefined) return
    try {
      await this.#reader.done(safe.stream, safe.last)
      if (this.#safe === safe) this.#safe = undefined
    } catch {
      // Redis is away; the link has told. Said again later.
    }
  }
}

function asPosition(value: unknown): ListPosition | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { stream, last, digest }: Partial<Record<string, unknown>> = { ...value }
  if (typeof stream !== 'string' || typeof last !== 'number' || typeof digest !== 'string') return undefined
  return { stream, last, digest }
}

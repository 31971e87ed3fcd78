import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Marks } from '../../ledger/marks.ts'
import { type Batch, type BatchBuffer, BufferDown, BufferFull, type Depth, type Lease } from '../buffer.ts'
import type { DiskBuffer } from '../disk/disk.ts'
import { free } from '../free.ts'
import { addDepths } from '../memory.ts'
import type { Buffered } from '../queue.ts'
import { encodeBlob } from '../redis/entry.ts'
import type { RedisBuffer } from '../redis/redis.ts'
import { checkTally, markOf } from '../settlement.ts'
import { Choice } from './choice.ts'
import { Member, type MirrorOptions } from './member.ts'
import { mergeLeases } from './merge.ts'
import { PositionOrder } from './position-order.ts'
import { Unspooler } from './unspooler.ts'

export interface FailoverOptions {
  /** In order of preference. */
  members: readonly RedisBuffer[]
  /** Where batches wait while no Redis takes them; its marks are `handed`. */
  spool: DiskBuffer
  /** What this process has handed on: put into a Redis, or given up before that. */
  handed: Marks
  /** What this process has settled. */
  marks: Marks
  /** With two members: a copy of each batch goes to the other one (src/buffer/mirror). */
  mirror?: MirrorOptions | undefined
  /** Directory: what stands in each Redis is remembered there, so that its loss can be told after a restart as well. */
  remember?: string | undefined
  onHappening?: OnHappening | undefined
}

export interface RedisState {
  /** `trouble`: why it is not well, null while it is; `since`: since when, ms since the epoch. */
  links: { name: string; trouble: string | null; since: number }[]
  /** Mirror: batches of this start that were appended with one copy only. */
  singleCopies: number
}

/**
 * Several Redis, the first that is well takes the batch, and a directory for when none does. Each batch is in one
 * place, unless a write went unanswered. All of them are drained all the time; the directory into a Redis, as soon as
 * one takes batches again, in order, while new ones go straight there.
 *
 * As a mirror each batch has a copy in the other Redis, which is taken over when the first is silent for longer than a
 * lease: the loss of one machine, disk included, loses nothing.
 */
export class FailoverBuffer implements BatchBuffer {
  readonly #options: FailoverOptions
  readonly #members: Member[]
  readonly #choice: Choice<Member>
  readonly #unspooler: Unspooler
  readonly #timer: NodeJS.Timeout
  #ticking: Promise<void> | undefined
  readonly #positions = new PositionOrder()
  /** Where the last batch went. */
  #current: string | undefined
  #isSingle = false
  /** Mirror: batches that were appended with one copy only, since the other Redis was away or full. */
  singleCopies = 0

  constructor(options: FailoverOptions) {
    const { members, spool } = options
    this.#options = options
    this.#members = members.map((buffer) => {
      const others = members.filter((other) => other !== buffer)
      return new Member({ ...options, buffer, others, putRest: (rest) => this.#put(rest) })
    })
    this.#choice = new Choice(this.#members)
    this.#unspooler = new Unspooler(spool, (batch) => this.#put(batch))
    for (const { output } of spool.buffered()) this.#unspooler.start(output)
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick().finally(() => {
        this.#ticking = undefined
      })
    }, 500).unref()
  }

  async append(batch: Batch): Promise<void> {
    checkTally(batch)
    const { spool, handed } = this.#options
    const { number, positions, ...onDisk } = batch
    const stream = `${batch.output}\0${batch.stream}`
    if (positions) this.#positions.begin(stream, number)
    const isPut = await this.#put(batch)
    if (isPut) await handed.record(markOf(batch, { done: batch.count, duplicate: 0, exceptions: [] }))
    // With its positions in one step, unless a batch before it is not safe yet.
    const isWhole = !isPut && positions !== undefined && this.#positions.isFirst(stream, number)
    if (!isPut) await spool.append(isWhole ? batch : { ...onDisk, number })
    const safe = positions && this.#positions.done(stream, number, isWhole ? undefined : positions)
    if (safe) await spool.savePositions(safe)
    if (isPut) return
    this.#goesTo('the directory on disk')
    this.#unspooler.start(batch.output)
  }

  leases(output: string, signal: AbortSignal): AsyncIterable<Lease> {
    const sources = this.#members.flatMap((member) => member.sources(output))
    return mergeLeases(sources, signal)
  }

  /** What all of them hold, copies left out; of one that is away, what it held when it was last seen. */
  async depth(output?: string): Promise<Depth> {
    const members = this.#members.map((member) => member.depth(output))
    const depths = await Promise.all([this.#options.spool.depth(output), ...members])
    return addDepths(depths.map((depth) => ({ depth: () => depth })))
  }

  /** How it stands with each Redis. */
  get state(): RedisState {
    const links = this.#options.members.map(({ link: { name, trouble, since } }) => ({ name, trouble, since }))
    return { links, singleCopies: this.singleCopies }
  }

  /** What has not left this process yet. */
  buffered(): Buffered[] {
    return this.#options.spool.buffered()
  }

  /** Closes the members and the spool; the marks are closed by who opened them. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#unspooler.stop()
    await this.#ticking
    await Promise.all(this.#options.members.map((buffer) => buffer.close()))
    await Promise.all(this.#members.map((member) => member.close()))
    await this.#options.spool.close()
  }

  /** True when a Redis has it. */
  async #put(batch: Batch): Promise<boolean> {
    const candidates = this.#choice.candidates()
    if (candidates.length === 0) return false
    const blob = encodeBlob(batch)
    const isPut = await this.#putInto(candidates, batch, blob)
    free(blob)
    return isPut
  }

  async #putInto(members: readonly Member[], batch: Batch, blob: Buffer): Promise<boolean> {
    for (const member of members) {
      try {
        const copies = await member.put(batch, blob)
        if (this.#options.mirror) this.#countCopies(copies, batch)
        this.#goesTo(member.name)
        return true
      } catch (error) {
        this.#choice.failed(member)
        this.#tellUnlessDown(member, error)
      }
    }
    return false
  }

  #countCopies(copies: number, { output, count }: Batch): void {
    const isSingle = copies < 2
    if (isSingle) this.singleCopies++
    if (isSingle === this.#isSingle) return
    this.#isSingle = isSingle
    const text = isSingle
      ? 'batches have one copy only: the other Redis is away or full'
      : `batches have two copies again; ${this.singleCopies} have had one only`
    this.#options.onHappening?.({ kind: 'single_copy', text, output, events: count })
  }

  #goesTo(name: string): void {
    const before = this.#current
    this.#current = name
    if (before === undefined || before === name) return
    this.#options.onHappening?.({ kind: 'buffer_switched', text: `batches go to ${name} now, no longer to ${before}` })
  }

  async #tick(): Promise<void> {
    for (const member of this.#members) {
      if (!member.well()) this.#choice.failed(member)
      else await member.tick().catch((error: unknown) => this.#tellUnlessDown(member, error))
    }
  }

  #tellUnlessDown({ name }: Member, error: unknown): void {
    if (error instanceof BufferDown || error instanceof BufferFull) return
    this.#options.onHappening?.({ kind: 'buffer_down', text: `${name}: ${messageOf(error)}` })
  }
}

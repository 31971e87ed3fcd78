import { messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import type { Marks } from '../../ledger/marks.ts'
import { type Batch, type BatchBuffer, BufferDown, BufferFull, type Depth, type Lease } from '../buffer.ts'
import type { DiskBuffer } from '../disk/disk.ts'
import { addDepths } from '../memory.ts'
import type { RedisBuffer } from '../redis/redis.ts'
import { checkTally, markOf } from '../settlement.ts'
import { Choice } from './choice.ts'
import { mergeLeases } from './merge.ts'
import { Outstanding } from './outstanding.ts'
import { SettledElsewhere } from './settled-elsewhere.ts'
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
  onHappening?: OnHappening | undefined
}

interface Member {
  name: string
  buffer: RedisBuffer
  outstanding: Outstanding
  /** What was settled in the others. */
  settledElsewhere: SettledElsewhere
  well(): boolean
  /** As last seen: a Redis that is away still holds its batches. */
  depths: Map<string | undefined, Depth>
}

/**
 * Several Redis, the first that is well takes the batch, and a directory for when none does. Each batch is in one
 * place, unless a write went unanswered. All of them are drained all the time; the directory into a Redis, as soon as
 * one takes batches again, in order, while new ones go straight there.
 */
export class FailoverBuffer implements BatchBuffer {
  readonly #options: FailoverOptions
  readonly #members: Member[]
  readonly #choice: Choice<Member>
  readonly #unspooler: Unspooler
  readonly #timer: NodeJS.Timeout
  #ticking: Promise<void> | undefined
  /** Where the last batch went. */
  #current: string | undefined

  constructor(options: FailoverOptions) {
    const { members, marks, onHappening, spool } = options
    this.#options = options
    this.#members = members.map((buffer) => ({
      name: buffer.link.name,
      buffer,
      outstanding: new Outstanding(
        buffer,
        members.filter((other) => other !== buffer),
        marks,
        onHappening,
      ),
      settledElsewhere: new SettledElsewhere(buffer),
      well: () => buffer.link.well,
      depths: new Map(),
    }))
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
    if (await this.#put(batch)) {
      await handed.record(markOf(batch, { done: batch.count, duplicate: 0, exceptions: [] }))
      if (batch.positions) await spool.savePositions(batch.positions)
      return
    }
    await spool.append(batch)
    this.#goesTo('the directory on disk')
    this.#unspooler.start(batch.output)
  }

  leases(output: string, signal: AbortSignal): AsyncIterable<Lease> {
    const sources = this.#members.map((member) => (end: AbortSignal) => this.#leasesOf(member, output, end))
    return mergeLeases(sources, signal)
  }

  /** What all of them hold; of one that is away, what it held when it was last seen. */
  async depth(output?: string): Promise<Depth> {
    const depths = await Promise.all([
      this.#options.spool.depth(output),
      ...this.#members.map((member) => this.#depthOf(member, output)),
    ])
    return addDepths(depths.map((depth) => ({ depth: () => depth })))
  }

  /** Closes the members and the spool; the marks are closed by who opened them. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#unspooler.stop()
    await this.#ticking
    await Promise.all(this.#members.map(({ buffer }) => buffer.close()))
    await this.#options.spool.close()
  }

  /** True when a Redis has it. */
  async #put(batch: Batch): Promise<boolean> {
    for (const member of this.#choice.candidates()) {
      try {
        const id = await member.buffer.put(batch)
        member.outstanding.add(id, batch)
        this.#goesTo(member.name)
        return true
      } catch (error) {
        this.#choice.failed(member)
        if (error instanceof BufferDown || error instanceof BufferFull) continue
        this.#options.onHappening?.({ kind: 'buffer_down', text: `${member.name}: ${messageOf(error)}` })
      }
    }
    return false
  }

  async *#leasesOf(member: Member, output: string, signal: AbortSignal): AsyncGenerator<Lease> {
    for await (const lease of member.buffer.leases(output, signal)) {
      const settle: Lease['settle'] = async (outcome, rest) => {
        const result = await lease.settle(outcome, rest)
        member.outstanding.settled(lease.batch, rest)
        if (!rest) for (const other of this.#members) if (other !== member) other.settledElsewhere.add(lease.batch)
        return result
      }
      yield { ...lease, settle }
    }
  }

  async #depthOf({ buffer, depths }: Member, output: string | undefined): Promise<Depth> {
    try {
      const depth = await buffer.depth(output)
      depths.set(output, depth)
      return depth
    } catch {
      return depths.get(output) ?? { batches: 0, events: 0, bytes: 0 }
    }
  }

  #goesTo(name: string): void {
    const before = this.#current
    this.#current = name
    if (before === undefined || before === name) return
    this.#options.onHappening?.({ kind: 'buffer_switched', text: `batches go to ${name} now, no longer to ${before}` })
  }

  async #tick(): Promise<void> {
    for (const member of this.#members) {
      if (!member.well()) {
        this.#choice.failed(member)
        continue
      }
      try {
        await member.settledElsewhere.send()
        await member.outstanding.check()
      } catch (error) {
        if (error instanceof BufferDown || error instanceof BufferFull) continue
        this.#options.onHappening?.({ kind: 'buffer_down', text: `${member.name}: ${messageOf(error)}` })
      }
    }
  }
}

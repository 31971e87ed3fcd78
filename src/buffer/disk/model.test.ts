import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Marks } from '../../ledger/marks.ts'
import type { Lease } from '../buffer.ts'
import { allDone, lastAgain, makeBatch, restOf, takeOne } from '../sample-batches.ts'
import { DiskBuffer } from './disk.ts'

/** What a buffer should hold: (number, part) of each output that waits, in order, and the events that are settled. */
interface Model {
  waiting: { output: string; number: number; part: number; count: number }[]
  next: Record<string, number>
  done: Record<string, number>
}

interface Real {
  dir: string
  marks: Marks
  buffer: DiskBuffer
  leases: Lease[]
  /** Abandoned by a crash: closed at the end. */
  dead: { buffer: DiskBuffer; marks: Marks; dir: string }[]
}

async function open(dir: string) {
  const marks = await Marks.open(join(dir, 'ledger'), { compactAt: 1500 })
  const options = { size: 1e9, age: 1e9, sync: '1s' as const, segmentBytes: 1200 }
  return { dir, marks, buffer: await DiskBuffer.open({ path: join(dir, 'buffer'), marks, ...options }) }
}

const same = (a: { output: string; number: number }, b: { output: string; number: number }) =>
  a.output === b.output && a.number === b.number

function isLeased(real: Real, entry: { output: string; number: number }) {
  return real.leases.some(({ batch }) => same(batch, entry))
}

class Append implements fc.AsyncCommand<Model, Real> {
  readonly output: string
  readonly count: number
  constructor(output: string, count: number) {
    this.output = output
    this.count = count
  }
  check = () => true
  async run(model: Model, { buffer }: Real) {
    const { output, count } = this
    const number = (model.next[output] ?? 0) + 1
    model.next[output] = number
    await buffer.append(makeBatch(number, { output, count, pad: 10 }))
    model.waiting.push({ output, number, part: 0, count })
  }
  toString = () => `append ${this.count} to ${this.output}`
}

class Take implements fc.AsyncCommand<Model, Real> {
  readonly output: string
  constructor(output: string) {
    this.output = output
  }
  check = () => true
  async run(model: Model, real: Real) {
    const expected = model.waiting.find((entry) => entry.output === this.output && !isLeased(real, entry))
    if (!expected) return
    const lease = await takeOne(real.buffer, this.output)
    const { output, number, part, count } = lease.batch
    expect({ output, number, part, count }).toEqual(expected)
    real.leases.push(lease)
  }
  toString = () => `take from ${this.output}`
}

class Settle implements fc.AsyncCommand<Model, Real> {
  readonly which: number
  readonly withRest: boolean
  constructor(which: number, withRest: boolean) {
    this.which = which
    this.withRest = withRest
  }
  check = () => true
  async run(model: Model, real: Real) {
    const lease = real.leases[this.which % Math.max(1, real.leases.length)]
    if (!lease) return
    const { batch } = lease
    const hasRest = this.withRest && batch.count > 1
    const settled = hasRest ? lease.settle(lastAgain(lease), restOf(batch)) : lease.settle(allDone(lease))
    expect(await settled).toBe('settled')
    expect(await lease.settle(allDone({ ...lease, batch }))).toBe('gone')
    real.leases = real.leases.filter((other) => other !== lease)
    const at = model.waiting.findIndex((entry) => same(entry, batch))
    const rest = { output: batch.output, number: batch.number, part: batch.part + 1, count: 1 }
    model.waiting.splice(at, 1, ...(hasRest ? [rest] : []))
    model.done[batch.output] = (model.done[batch.output] ?? 0) + batch.count - (hasRest ? 1 : 0)
  }
  toString = () => `settle ${this.which}${this.withRest ? ' with a rest' : ''}`
}

class Release implements fc.AsyncCommand<Model, Real> {
  check = () => true
  async run(_: Model, real: Real) {
    await real.leases.pop()?.release()
  }
  toString = () => 'release'
}

/** The process is gone: another one opens the files as they are. */
class Crash implements fc.AsyncCommand<Model, Real> {
  check = () => true
  async run(_: Model, real: Real) {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-model-'))
    real.dead.push({ buffer: real.buffer, marks: real.marks, dir: real.dir })
    // Segments that are just being deleted, a journal that is just being replaced: the copy is made again.
    for (let copied = false; !copied; ) {
      copied = await cp(real.dir, dir, { recursive: true, force: true }).then(
        () => true,
        () => false,
      )
    }
    Object.assign(real, await open(dir))
    real.leases = []
  }
  toString = () => 'crash'
}

class Restart implements fc.AsyncCommand<Model, Real> {
  check = () => true
  async run(_: Model, real: Real) {
    await real.buffer.close()
    await real.marks.close()
    Object.assign(real, await open(real.dir))
    real.leases = []
  }
  toString = () => 'restart'
}

async function compare(model: Model, { buffer, marks }: Real) {
  for (const output of ['a', 'b']) {
    const waiting = model.waiting.filter((entry) => entry.output === output)
    const events = waiting.reduce((sum, { count }) => sum + count, 0)
    expect(await buffer.depth(output)).toMatchObject({ batches: waiting.length, events })
    const rows = buffer.buffered().filter((row) => row.output === output)
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(events)
    expect(rows.flatMap(({ tally }) => tally).reduce((sum, [, , n]) => sum + n, 0)).toBe(events)
    const totals = marks.totals().find((each) => each.output === output)
    expect(totals?.done ?? 0).toBe(model.done[output] ?? 0)
    expect(totals?.hosts.reduce((sum, { settled }) => sum + settled, 0) ?? 0).toBe(model.done[output] ?? 0)
    expect(buffer.lastNumber(output, 'a'.repeat(16))).toBe(model.next[output] ?? 0)
  }
  expect(buffer.gaps()).toEqual([])
}

test('whatever is appended, leased, settled, released, crashed: the buffer and its ledger agree with a list', async () => {
  const output = fc.constantFrom('a', 'b')
  const commands = fc.commands(
    [
      fc.tuple(output, fc.integer({ min: 1, max: 4 })).map(([to, count]) => new Append(to, count)),
      fc.tuple(output, fc.integer({ min: 1, max: 4 })).map(([to, count]) => new Append(to, count)),
      output.map((from) => new Take(from)),
      output.map((from) => new Take(from)),
      fc.tuple(fc.nat(9), fc.boolean()).map(([which, rest]) => new Settle(which, rest)),
      fc.tuple(fc.nat(9), fc.boolean()).map(([which, rest]) => new Settle(which, rest)),
      fc.constant(new Release()),
      fc.constant(new Crash()),
      fc.constant(new Restart()),
    ],
    { maxCommands: 60, size: 'max' },
  )
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const first = await open(await mkdtemp(join(tmpdir(), 'sluice-model-')))
      const model: Model = { waiting: [], next: {}, done: {} }
      const real: Real = { ...first, leases: [], dead: [] }
      try {
        await fc.asyncModelRun(() => ({ model, real }), list)
        await compare(model, real)
        const again = new Crash()
        await again.run(model, real)
        await compare(model, real)
      } finally {
        for (const { buffer, marks, dir } of [...real.dead, real]) {
          await buffer.close()
          await marks.close()
          await rm(dir, { recursive: true })
        }
      }
    }),
    { numRuns: 25 },
  )
})

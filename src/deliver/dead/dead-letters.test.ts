import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Batch, Outcome } from '../../buffer/buffer.ts'
import { DeadLetters, type DeadLettersOptions } from './dead-letters.ts'
import { readLetters } from './read.ts'
import { DeadReplay } from './replay.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-dead-'))
})
afterEach(() => rm(directory, { recursive: true }))

const open = (options: Partial<DeadLettersOptions> = {}) =>
  DeadLetters.open({ directory, size: 1 << 20, isSettled: () => false, isKnown: () => false, ...options })

function batch(number: number, events: string[]): Batch {
  const lines = events.map((text, i) => {
    return `{"create":{"_index":"syslog-2013.12.03","_id":"aa-${number}-${i}"}}\n{"message":${JSON.stringify(text)}}\n`
  })
  const count = events.length
  const body = Buffer.from(lines.join(''))
  const about = { stream: '00000000000000aa', number, part: 0, output: 'es', tally: [] }
  return { ...about, count, body, received: { from: 1, to: 2 } }
}

function refused(count: number, ...places: number[]): Outcome {
  const exceptions = places.map((place): Outcome['exceptions'][number] => [place, 'dead', `mapper_parsing of ${place}`])
  return { done: count - places.length, duplicate: 0, exceptions }
}

const letters = (wanted = {}) => Array.fromAsync(readLetters(directory, wanted))
const ids = async (wanted = {}) => (await letters(wanted)).map(({ id }) => id)

test('a dead letter keeps event, target, place, reason, time and tries', async () => {
  const dead = await open()
  const outcome = refused(3, 1)
  outcome.exceptions.push([2, 'retry', 'later'])
  outcome.done = 1
  const kept = await dead.keep({ ...batch(7, ['a', 'ü\u009b', 'c']), part: 2 }, outcome, 1)
  expect(kept.outcome).toBe(outcome)
  expect(await letters()).toEqual([
    {
      key: '00000000000000aa/7/2/1',
      time: expect.stringMatching(/^2\d{3}-.*Z$/),
      output: 'es',
      index: 'syslog-2013.12.03',
      id: 'aa-7-1',
      reason: 'mapper_parsing of 1',
      tries: 4,
      action: '{"create":{"_index":"syslog-2013.12.03","_id":"aa-7-1"}}',
      event: '{"message":"ü\u009b"}',
    },
  ])
  expect(kept.letters).toEqual(await letters())
})

test('a letter of a batch that comes again is one, also after a restart', async () => {
  const first = await open()
  await first.keep(batch(1, ['a', 'b']), refused(2, 0))
  await first.keep(batch(1, ['a', 'b']), refused(2, 0, 1))
  await (await open()).keep(batch(1, ['a', 'b']), refused(2, 0, 1))
  expect(await ids()).toEqual(['aa-1-0', 'aa-1-1'])
})

test('when the room is used up the oldest stay, and new ones are lost with a reason', async () => {
  const told: string[] = []
  const dead = await open({ size: 2000, onHappening: ({ kind }) => told.push(kind) })
  const big = 'x'.repeat(700)
  expect((await dead.keep(batch(1, [big]), refused(1, 0))).outcome.exceptions).toEqual([
    [0, 'dead', 'mapper_parsing of 0'],
  ])
  const { outcome, letters: kept } = await dead.keep(batch(2, [big, 'b', big]), refused(3, 0, 1, 2))
  expect(outcome.exceptions).toEqual([
    [0, 'dead', 'mapper_parsing of 0'],
    [1, 'lost', 'dead_letters_full'],
    [2, 'lost', 'dead_letters_full'],
  ])
  expect(kept.map(({ id }) => id)).toEqual(['aa-2-0'])
  await dead.keep(batch(3, [big]), refused(1, 0))
  expect(told).toEqual(['dead_letters_full'])
  expect(await ids()).toEqual(['aa-1-0', 'aa-2-0'])
  // What was lost is not taken for written when its batch comes again.
  const again = await dead.keep(batch(2, [big, 'b', big]), refused(3, 0, 1, 2))
  expect(again.outcome).toEqual(outcome)
})

test('half a line that a crash left is passed over, and nothing is written behind it', async () => {
  await (await open()).keep(batch(1, ['a']), refused(1, 0))
  const file = join(directory, 'es', '00000001.ndjson')
  await appendFile(file, '{"key":"00000000000000aa/2/0/0","time":"20')
  const dead = await open()
  await dead.keep(batch(2, ['b']), refused(1, 0))
  expect(await ids()).toEqual(['aa-1-0', 'aa-2-0'])
  // Nor when the file after it is gone again.
  const { replay } = await replayer(dead, async () => {})
  await Array.fromAsync(replay.replay({ id: 'aa-2-0' }))
  await dead.keep(batch(3, ['c']), refused(1, 0))
  expect(await ids()).toEqual(['aa-1-0', 'aa-3-0'])
})

test('letters are chosen by output, reason, id, time and number', async () => {
  const dead = await open()
  await dead.keep(batch(1, ['a', 'b', 'c']), refused(3, 0, 1, 2))
  await dead.keep({ ...batch(2, ['d']), output: 'other' }, refused(1, 0))
  expect(await ids({ output: 'other' })).toEqual(['aa-2-0'])
  expect(await ids({ reason: 'MAPPER_parsing of 1' })).toEqual(['aa-1-1'])
  expect(await ids({ id: 'aa-1-2' })).toEqual(['aa-1-2'])
  expect(await ids({ id: '00000000000000aa/1/0/2' })).toEqual(['aa-1-2'])
  expect(await ids({ since: Date.now() + 60_000 })).toEqual([])
  expect(await ids({ limit: 2 })).toEqual(['aa-1-0', 'aa-1-1'])
})

async function replayer(dead: DeadLetters, append: (batch: Batch) => Promise<void>) {
  const streams = await mkdtemp(join(directory, '.streams-'))
  const discarded: Batch[] = []
  const discard = async (batch: Batch) => void discarded.push(batch)
  return { replay: new DeadReplay({ dead, outputs: ['es'], streams, append, discard }), discarded, streams }
}

test('a replay puts events into new batches with their own ids, and removes the letters', async () => {
  const dead = await open()
  const many = Array.from({ length: 1500 }, (_, i) => `event ${i}`)
  await dead.keep(batch(1, many), refused(1500, ...many.keys()))
  const batches: Batch[] = []
  const { replay } = await replayer(dead, async (batch) => void batches.push(batch))
  expect(await Array.fromAsync(replay.replay({}))).toEqual([{ output: 'es', letters: 1500 }])
  expect(batches.map(({ number, count }) => [number, count])).toEqual([
    [1, 1000],
    [2, 500],
  ])
  expect(Buffer.concat(batches.map(({ body }) => body))).toEqual(Buffer.from(batch(1, many).body))
  expect(await letters()).toEqual([])
  expect(await readdir(join(directory, 'es'))).toEqual([])
  // The same batch can't come again for these: they have the new one's place now.
  await dead.keep({ ...batches[1], count: 500 }, refused(500, 3))
  expect(await ids()).toEqual(['aa-1-1003'])
})

test('letters stay when the buffer does not take them, and the others go', async () => {
  const dead = await open()
  await dead.keep(batch(1, ['a', 'b', 'c']), refused(3, 0, 1, 2))
  const { replay } = await replayer(dead, async () => {
    throw new Error('the buffer holds its budget')
  })
  await expect(Array.fromAsync(replay.replay({ reason: 'of 1' }))).rejects.toThrow('budget')
  expect(await ids()).toHaveLength(3)
  const works = await replayer(dead, async () => {})
  await Array.fromAsync(works.replay.replay({ reason: 'of 1' }))
  expect(await ids()).toEqual(['aa-1-0', 'aa-1-2'])
  await Array.fromAsync(works.replay.discard({ limit: 1 }))
  expect(works.discarded.map(({ count }) => count)).toEqual([1])
  expect(await ids()).toEqual(['aa-1-2'])
})

test('closing waits for the batch under way, and no other is begun', async () => {
  const dead = await open()
  const many = Array.from({ length: 1500 }, (_, i) => `event ${i}`)
  await dead.keep(batch(1, many), refused(1500, ...many.keys()))
  const begun = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const { replay } = await replayer(dead, async () => {
    begun.resolve()
    await goOn.promise
  })
  const answer = Array.fromAsync(replay.replay({})).catch((error: unknown) => error)
  await begun.promise
  const closed = replay.close()
  goOn.resolve()
  await closed
  expect(await answer).toMatchObject({ message: expect.stringContaining('stopping') })
  expect(await letters()).toHaveLength(500)
})

test('a crash in the middle of a replay leaves each letter in one place', async () => {
  const dead = await open()
  await dead.keep(batch(1, ['a', 'b']), refused(2, 0, 1))
  let appended: Batch | undefined
  const { replay } = await replayer(dead, async (batch) => {
    appended = batch
    // What is on the disk now is what a kill leaves.
    await writeFile(join(directory, 'note'), await readFile(join(directory, 'es', 'moving.json')))
  })
  const file = join(directory, 'es', '00000001.ndjson')
  const before = await readFile(file)
  await Array.fromAsync(replay.replay({ limit: 1 }))
  for (const isKnown of [false, true]) {
    await writeFile(file, before)
    await writeFile(join(directory, 'es', 'moving.json'), await readFile(join(directory, 'note')))
    await open({
      isKnown: (output, stream, number) =>
        isKnown && output === 'es' && stream === appended?.stream && number === appended.number,
    })
    expect(await ids()).toEqual(isKnown ? ['aa-1-1'] : ['aa-1-0', 'aa-1-1'])
    expect(await stat(join(directory, 'es', 'moving.json')).catch(() => 'gone')).toBe('gone')
  }
})

import { mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Batch } from '../../buffer/buffer.ts'
import { FileOutput } from './file.ts'

let dir: string
let output: FileOutput
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-file-'))
})
afterEach(async () => {
  await output.close()
  await rm(dir, { recursive: true })
})

function open(path: string, id = false) {
  output = new FileOutput({ path: join(dir, path), id })
  return output
}

function batch(number: number, ...events: [index: string, message: string][]): Batch {
  const lines = events.map(([index, message], i) => {
    return `{"create":{"_index":"${index}","_id":"aa-${number}-${i}"}}\n{"message":"${message}"}\n`
  })
  const about = { stream: '00000000000000aa', number, part: 0, output: 'file', tally: [], received: { from: 1, to: 2 } }
  return { ...about, count: events.length, body: Buffer.from(lines.join('')) }
}

const read = (name: string) => readFile(join(dir, name), 'utf8')

test('events go as lines into the file of their own day', async () => {
  const batches = [batch(1, ['2013-12-03', 'a'], ['2013-12-04', 'b']), batch(2, ['2013-12-03', 'c'])]
  expect(await open('sub/events-%Y.%m.%d-100%%.ndjson').deliver(batches)).toEqual([
    { done: 2, duplicate: 0, exceptions: [] },
    { done: 1, duplicate: 0, exceptions: [] },
  ])
  expect(await read('sub/events-2013.12.03-100%.ndjson')).toBe('{"message":"a"}\n{"message":"c"}\n')
  expect(await read('sub/events-2013.12.04-100%.ndjson')).toBe('{"message":"b"}\n')
})

test('the id can be written along', async () => {
  await open('events', true).deliver([batch(1, ['2013-12-03', 'a'])])
  expect(await read('events')).toBe('{"_id":"aa-1-0","message":"a"}\n')
})

test('an action line without a day, or with a path in its place, means today', async () => {
  await open('%Y').deliver([batch(1, ['../../etc', 'a'], ['syslog-2013.12.03', 'b'])])
  expect(await readdir(dir)).toEqual([expect.stringMatching(/^2\d{3}$/)])
})

test('when one of several files takes nothing, none of them keeps anything, until all do', async () => {
  await writeFile(join(dir, 'day-03'), '{"message":"before"}\n')
  await symlink('/dev/full', join(dir, 'day-04'))
  const batches = [batch(1, ['2013-12-03', 'a'], ['2013-12-04', 'b'])]
  await expect(open('day-%d').deliver(batches)).rejects.toThrow(/nothing can be written to .*day-%d: ENOSPC/)
  expect(await read('day-03')).toBe('{"message":"before"}\n')
  await rm(join(dir, 'day-04'))
  await output.deliver(batches)
  expect(await read('day-03')).toBe('{"message":"before"}\n{"message":"a"}\n')
  expect(await read('day-04')).toBe('{"message":"b"}\n')
})

test('a device takes events as well', async () => {
  await symlink('/dev/null', join(dir, 'events'))
  expect(await open('events').deliver([batch(1, ['2013-12-03', 'a'])])).toMatchObject([{ done: 1 }])
})

test('half a line of a process that was killed is ended, and spoils no other', async () => {
  await writeFile(join(dir, 'events'), '{"message":"a"}\n{"mess')
  await open('events').deliver([batch(1, ['2013-12-03', 'b'])])
  expect(await read('events')).toBe('{"message":"a"}\n{"mess\n{"message":"b"}\n')
})

test('after reopen a file that was moved is left, and one that was removed is missed at once', async () => {
  await open('events').deliver([batch(1, ['2013-12-03', 'a'])])
  await rename(join(dir, 'events'), join(dir, 'events.1'))
  await output.deliver([batch(2, ['2013-12-03', 'b'])])
  await output.reopen()
  await output.deliver([batch(3, ['2013-12-03', 'c'])])
  expect([await read('events.1'), await read('events')]).toEqual([
    '{"message":"a"}\n{"message":"b"}\n',
    '{"message":"c"}\n',
  ])
  await rm(join(dir, 'events'))
  await output.deliver([batch(4, ['2013-12-03', 'd'])])
  expect(await read('events')).toBe('{"message":"d"}\n')
})

test('not more files stay open than those of a month and some', async () => {
  const days = Array.from({ length: 99 }, (_, i): [string, string] => [`19${String(i).padStart(2, '0')}-01-01`, 'x'])
  open('%Y')
  for (const day of days) await output.deliver([batch(1, day)])
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  expect(targets.filter((target) => target.startsWith(dir)).length).toBeLessThan(50)
  expect(await readdir(dir)).toHaveLength(99)
})

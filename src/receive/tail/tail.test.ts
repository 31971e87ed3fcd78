import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { at, crashed, freshForEach, happenings, make, settle, store, top } from './harness.ts'

freshForEach()

describe('TailInput', () => {
  test('reads what is there and what comes, whole lines only', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\nthr')
    const input = make()
    await settle(input)
    expect(store.order).toEqual(['one', 'two'])
    appendFileSync(at('a.log'), 'ee\n\nfive\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'three', '', 'five'])
    const [position] = store.positions.values()
    expect(position).toMatchObject({ offset: 20, lines: 5, inode: String(statSync(at('a.log')).ino) })
  })

  test('from end: only what comes, and whole files that appear later', async () => {
    writeFileSync(at('a.log'), 'old\nhalf')
    const input = make({ from: 'end' })
    await settle(input)
    appendFileSync(at('a.log'), ' a line\nnew\n')
    writeFileSync(at('b.log'), 'first of b\n')
    await settle(input)
    expect(store.order).toEqual(['half a line', 'new', 'first of b'])
  })

  test('goes on after a stop where it was, with consecutive ids, also at the end of what from: end left out', async () => {
    writeFileSync(at('a.log'), 'old\n')
    let input = make({ from: 'end' })
    await settle(input)
    appendFileSync(at('a.log'), 'missed\n')
    input = await crashed(input, { from: 'end' })
    await settle(input)
    appendFileSync(at('a.log'), 'next\n')
    input = await crashed(input, { from: 'end' })
    await settle(input)
    expect(store.order).toEqual(['missed', 'next'])
    expect(new Set([...store.events.keys()].map((id) => id.split('-')[0])).size).toBe(1)
  })

  test('a line read again after a crash has its id again', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\nthree\n')
    store.durable = false
    let input = make()
    await settle(input)
    store.durable = true
    input = await crashed(input)
    await settle(input)
    expect([...store.events.values()]).toEqual(['one', 'two', 'three'])
  })

  test('rename: reads the rest of the old file, then the new one; the new one has a stream of its own', async () => {
    writeFileSync(at('a.log'), 'one\n')
    const input = make({ graceMs: 0 })
    await settle(input)
    appendFileSync(at('a.log'), 'two\n')
    renameSync(at('a.log'), at('a.log.1'))
    appendFileSync(at('a.log.1'), 'three\nno end')
    writeFileSync(at('a.log'), 'four\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'three', 'no end', 'four'])
    expect(store.ended).toHaveLength(1)
    expect(store.positions.size).toBe(2)
  })

  test('a rotated file that still grows is read through its grace time, its unfinished line not torn', async () => {
    writeFileSync(at('a.log'), 'one\n')
    const input = make({ graceMs: 3_600_000 })
    await settle(input)
    renameSync(at('a.log'), at('a.log.1'))
    appendFileSync(at('a.log.1'), 'tw')
    await settle(input)
    appendFileSync(at('a.log.1'), 'o\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two'])
    expect(store.ended).toEqual([])
  })

  test('a deleted file is read to its end', async () => {
    writeFileSync(at('a.log'), 'one\n')
    const input = make({ graceMs: 0 })
    await settle(input)
    appendFileSync(at('a.log'), 'two\n')
    unlinkSync(at('a.log'))
    await settle(input)
    expect(store.order).toEqual(['one', 'two'])
    expect(store.ended).toHaveLength(1)
  })

  test('rotated while nobody looked: the rest first, wherever it was renamed to', async () => {
    writeFileSync(at('a.log'), 'one\n')
    let input = make()
    await settle(input)
    appendFileSync(at('a.log'), 'two\n')
    renameSync(at('a.log'), at('old-a'))
    writeFileSync(at('a.log'), 'three\n')
    input = await crashed(input)
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'three'])
  })

  test.each([['*.log'], ['*.log*']])('copytruncate, glob %s: the rest comes from the copy, once', async (pattern) => {
    writeFileSync(at('a.log'), 'one\n')
    let input = make({ patterns: [at(pattern)], graceMs: 0 })
    await settle(input)
    appendFileSync(at('a.log'), 'two\n')
    copyFileSync(at('a.log'), at('a.log.1'))
    truncateSync(at('a.log'))
    appendFileSync(at('a.log'), '3\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', '3'])
    expect(happenings.map(({ kind }) => kind)).toEqual(['truncated'])
    renameSync(at('a.log.1'), at('a.log.2'))
    input = await crashed(input, { patterns: [at(pattern)] })
    appendFileSync(at('a.log'), '4\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', '3', '4'])
  })

  test('copytruncate while nobody looked', async () => {
    writeFileSync(at('a.log'), 'one\n')
    let input = make()
    await settle(input)
    appendFileSync(at('a.log'), 'two\n')
    copyFileSync(at('a.log'), at('a.log.1'))
    truncateSync(at('a.log'))
    appendFileSync(at('a.log'), 'another and longer line\n')
    input = await crashed(input)
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'another and longer line'])
  })

  test('a file rewritten to the same length or longer is a new stream', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\n')
    const input = make()
    await settle(input)
    writeFileSync(at('a.log'), 'six\nten\n')
    await expect
      .poll(async () => {
        await settle(input)
        return store.order.length
      })
      .toBe(4)
    writeFileSync(at('a.log'), 'much longer than before\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'six', 'ten', 'much longer than before'])
  })

  test('the same glob for rotated files: renamed, linked and compressed ones are not read again', async () => {
    writeFileSync(at('a.log'), 'one\n')
    const input = make({ patterns: [at('a.log*')], graceMs: 0 })
    await settle(input)
    linkSync(at('a.log'), at('a.log.link'))
    renameSync(at('a.log'), at('a.log.1'))
    writeFileSync(at('a.log'), 'two\n')
    writeFileSync(at('a.log.2.gz'), gzipSync('zero\n'))
    await settle(input)
    expect(store.order).toEqual(['one', 'two'])
    appendFileSync(at('a.log.1'), 'late\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'late'])
    expect(happenings.map(({ kind }) => kind)).toEqual(['compressed'])
  })

  test('a reused inode is another stream', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\n')
    let input = make()
    await settle(input)
    const { ino } = statSync(at('a.log'))
    renameSync(at('a.log'), join(top, 'elsewhere'))
    writeFileSync(at('b.log'), 'three\nfour\nfive\n')
    // Which inode a new file gets is the file system's choice: let what is remembered be about this one.
    const reused = statSync(at('b.log')).ino
    const state = readFileSync(join(top, 'tail.json'), 'utf8')
    expect(state).toContain(`"${ino}"`)
    writeFileSync(join(top, 'tail.json'), state.replace(`"${ino}"`, `"${reused}"`))
    for (const [stream, position] of store.positions) {
      store.positions.set(stream, Object.assign({}, position, { inode: String(reused) }))
    }
    input = await crashed(input)
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'three', 'four', 'five'])
    expect(store.positions.size).toBe(2)
  })

  test('a file made anew under the same name while its predecessor was not held open', async () => {
    writeFileSync(at('a.log'), 'one\ntwo\n')
    const input = make({ openFiles: 0 })
    await settle(input)
    // ext4 gives the same inode again.
    unlinkSync(at('a.log'))
    writeFileSync(at('a.log'), 'three\nfour\nfive\n')
    await settle(input)
    expect(store.order).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  test('long lines are cut and flagged, however long; the next one is whole', async () => {
    const input = make({ maxLength: 1000 })
    const long = 'x'.repeat(1_000_000)
    writeFileSync(at('a.log'), `${'a'.repeat(1000)}\n${'b'.repeat(1001)}\n${long}`)
    await settle(input)
    appendFileSync(at('a.log'), `${long}\nnext\n`)
    await settle(input)
    expect(store.order).toEqual(['a'.repeat(1000), 'b'.repeat(1000), 'x'.repeat(1000), 'next'])
    expect(store.flagged).toEqual(['b'.repeat(1000), 'x'.repeat(1000)])
    const [position] = store.positions.values()
    expect(position).toMatchObject({ offset: statSync(at('a.log')).size })
  })

  test('stops reading while the sink is full, and goes on by itself', async () => {
    writeFileSync(at('a.log'), 'one\n')
    const input = make({ pollMs: 3_600_000 })
    store.full = true
    input.start()
    await expect.poll(() => readFileSync(join(top, 'tail.json'), 'utf8')).toContain('a.log')
    expect(store.order).toEqual([])
    store.makeRoom()
    await expect.poll(() => store.order).toEqual(['one'])
  })

  test('a thousand files with few descriptors', async () => {
    for (let i = 0; i < 1000; i++) writeFileSync(at(`${i}.log`), `${i} a\n`)
    const input = make({ openFiles: 20 })
    await settle(input)
    expect(store.order.length).toBe(1000)
    const open = Number(execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd | grep -c ${top}`]).toString())
    expect(open).toBeLessThanOrEqual(20)
    for (let i = 0; i < 1000; i += 100) appendFileSync(at(`${i}.log`), `${i} b\n`)
    await settle(input)
    expect(store.order.slice(1000)).toHaveLength(10)
  })

  test('a FIFO, a directory and a dangling link hold nothing up', async () => {
    execFileSync('mkfifo', [at('fifo.log')])
    mkdirSync(at('dir.log'))
    symlinkSync('/nowhere', at('dangling.log'))
    writeFileSync(at('a.log'), 'one\n')
    await settle(make())
    expect(store.order).toEqual(['one'])
  })

  test('a damaged state file is set aside; what the buffer knows is enough to go on', async () => {
    writeFileSync(at('a.log'), 'one\n')
    let input = make()
    await settle(input)
    writeFileSync(join(top, 'tail.json'), '{"version":1,"str')
    appendFileSync(at('a.log'), 'two\n')
    input = await crashed(input)
    await settle(input)
    expect([...store.events.values()]).toEqual(['one', 'two'])
    expect(store.positions.size).toBe(1)
    expect(happenings.map(({ kind }) => kind)).toEqual(['state'])
    expect(readFileSync(join(top, 'tail.json.damaged'), 'utf8')).toContain('"version"')
  })

  test('while the state file can not be written, new files wait', async () => {
    writeFileSync(at('a.log'), 'one\n')
    mkdirSync(join(top, 'tail.json.new'))
    const input = make()
    await settle(input)
    expect(store.order).toEqual([])
    expect(happenings.map(({ kind }) => kind)).toEqual(['state'])
    rmSync(join(top, 'tail.json.new'), { recursive: true, force: true })
    await settle(input)
    expect(store.order).toEqual(['one'])
  })
})

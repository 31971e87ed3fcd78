import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { mkdir, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Archive, type ArchiveHappening, type ArchiveOptions, type ArchivePart } from './archive.ts'

let top: string
let root: string
let happenings: ArchiveHappening[]
let archives: Archive[]

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'sluice-archive-'))
  root = join(top, 'log')
  happenings = []
  archives = []
})

afterEach(async () => {
  for (const archive of archives) await archive.close()
  rmSync(top, { recursive: true, force: true })
})

function make(options: Partial<ArchiveOptions> = {}): Archive {
  const archive = new Archive({ onHappening: (happening) => happenings.push(happening), ...options })
  archives.push(archive)
  return archive
}

function part(below: string, ...lines: string[]): ArchivePart {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  return { root, path: `${root}/${below}`, bytes, lines: lines.length }
}

const read = (below: string) => readFileSync(join(root, below), 'utf8')

describe('Archive', () => {
  test('makes directories and files only its group can read, and appends', async () => {
    const archive = make()
    await archive.write([part('controller1/nova.log', 'one', 'two'), part('network.log', 'three')])
    await archive.write([part('controller1/nova.log', 'four')])
    expect(read('controller1/nova.log')).toBe('one\ntwo\nfour\n')
    expect(read('network.log')).toBe('three\n')
    expect(statSync(join(root, 'controller1')).mode & 0o027).toBe(0)
    expect(statSync(join(root, 'network.log')).mode & 0o137).toBe(0)
    expect(archive.stats).toMatchObject({ lines: 4, bytes: 19, overflowed: 0, openFiles: 2, waitingBytes: 0 })
  })

  test('keeps the order per file when nobody waits for the writes', async () => {
    const archive = make()
    const writes: Promise<void>[] = []
    for (let i = 0; i < 3000; i++) writes.push(archive.write([part(`${i % 3}.log`, `${i}`)]))
    await Promise.all(writes)
    for (let file = 0; file < 3; file++) {
      const want = Array.from({ length: 1000 }, (_, i) => `${3 * i + file}\n`).join('')
      expect(read(`${file}.log`)).toBe(want)
    }
  })

  test('holds no more files open than its bound, and loses nothing by it', async () => {
    const archive = make({ openFiles: 16 })
    for (let round = 0; round < 3; round++) {
      await archive.write(Array.from({ length: 100 }, (_, i) => part(`d${i % 7}/${i}.log`, `line ${round}`)))
      expect(archive.stats.openFiles).toBeLessThanOrEqual(17)
    }
    for (let i = 0; i < 100; i++) expect(read(`d${i % 7}/${i}.log`)).toBe('line 0\nline 1\nline 2\n')
  })

  test('what is over the bound of new files goes to _overflow.log, and existing files get on', async () => {
    await mkdir(root)
    await writeFile(join(root, 'old.log'), 'before\n')
    const archive = make({ newPerMinute: 3 })
    await archive.write(Array.from({ length: 20 }, (_, i) => part(`host${i}.log`, `from ${i}`)))
    // Files are written two at a time: which of the new ones come first is not said.
    const made = readdirSync(root).filter((name) => name.startsWith('host'))
    expect(made).toHaveLength(3)
    await archive.write([part('old.log', 'after'), part(made[0], 'again')])
    const others = Array.from({ length: 20 }, (_, i) => i).filter((i) => !made.includes(`host${i}.log`))
    expect(readdirSync(root).toSorted()).toEqual(['_overflow.log', ...made.toSorted(), 'old.log'])
    expect(read('_overflow.log').split('\n').toSorted()).toEqual(['', ...others.map((i) => `from ${i}`)].toSorted())
    expect(read('old.log')).toBe('before\nafter\n')
    expect(read(made[0])).toMatch(/^from \d+\nagain\n$/)
    expect(archive.stats).toMatchObject({ lines: 22, overflowed: 17, failed: new Map() })
    await archive.close()
    const told = happenings.filter((happening) => happening.kind === 'overflowed')
    expect(told.reduce((sum, { lines }) => sum + lines, 0)).toBe(17)
    expect(told).toHaveLength(2)
  })

  test('new directories count too', async () => {
    const archive = make({ newPerMinute: 3 })
    await archive.write([part('a/x.log', '1')])
    await archive.write([part('b/x.log', '2')])
    expect(existsSync(join(root, 'b', 'x.log'))).toBe(false)
    expect(read('_overflow.log')).toBe('2\n')
  })

  test('a flood of invented names neither loses lines nor hides the known hosts', async () => {
    const archive = make({ newPerMinute: 10 })
    await archive.write([part('real/app.log', 'first')])
    const flood = Array.from({ length: 5000 }, (_, i) => part(`invented${i}/app.log`, `${i}`))
    await archive.write([...flood, part('real/app.log', 'second')])
    expect(read('real/app.log')).toBe('first\nsecond\n')
    expect(archive.stats).toMatchObject({ lines: 5002, failed: new Map() })
    expect(archive.stats.overflowed).toBeGreaterThan(4980)
  })

  test('a link in the prefix is followed, for it is the choice of the admin', async () => {
    await mkdir(join(top, 'disk2'))
    await symlink(join(top, 'disk2'), root)
    await make().write([part('a/b.log', 'x')])
    expect(readFileSync(join(top, 'disk2', 'a', 'b.log'), 'utf8')).toBe('x\n')
  })

  test('follows no link below the prefix, neither as directory nor as file', async () => {
    await mkdir(join(top, 'outside'))
    await writeFile(join(top, 'outside', 'target'), 'mine\n')
    await mkdir(root)
    await symlink(join(top, 'outside'), join(root, 'evil'))
    await symlink(join(top, 'outside', 'target'), join(root, 'evil.log'))
    await symlink(join(top, 'outside', 'new'), join(root, 'dangling.log'))
    const archive = make()
    await archive.write([
      part('evil/x.log', '1'),
      part('evil.log', '2'),
      part('dangling.log', '3'),
      part('ok.log', '4'),
    ])
    expect(readdirSync(join(top, 'outside'))).toEqual(['target'])
    expect(readFileSync(join(top, 'outside', 'target'), 'utf8')).toBe('mine\n')
    expect(read('ok.log')).toBe('4\n')
    expect(archive.stats.lines).toBe(1)
    expect([...archive.stats.failed].toSorted()).toEqual([
      ['ELOOP', 2],
      ['ENOTDIR', 1],
    ])
    expect(happenings.map((h) => (h.kind === 'failed' ? h.message : ''))).toContain(
      `${root}/evil.log is a link, which is not followed`,
    )
  })

  test('a directory that is exchanged for a link again and again never leads outside', async () => {
    await mkdir(join(top, 'outside'))
    const archive = make({ newPerMinute: 100_000 })
    for (let i = 0; i < 150; i++) {
      const write = archive.write([part('host/x.log', 'secret')])
      await rename(join(root, 'host'), join(root, `aside${i}`)).catch(() => {})
      await symlink(join(top, 'outside'), join(root, 'host')).catch(() => {})
      await write
      await archive.write([part('host/x.log', 'secret')])
      await archive.reopen()
      await unlink(join(root, 'host')).catch(() => {})
    }
    expect(readdirSync(join(top, 'outside'))).toEqual([])
  })

  test('a FIFO or a directory in place of a file is refused and holds nothing up', async () => {
    await mkdir(join(root, 'dir.log'), { recursive: true })
    execFileSync('mkfifo', [join(root, 'fifo.log')])
    const archive = make()
    await archive.write([part('fifo.log', '1'), part('dir.log', '2'), part('ok.log', '3')])
    expect(read('ok.log')).toBe('3\n')
    expect([...archive.stats.failed].toSorted()).toEqual([
      ['EISDIR', 1],
      ['not_a_file', 1],
    ])
  })

  test.each(['..', '.', '', 'a/../b', 'a//b'])('refuses the path %j below the root, whoever made it', async (below) => {
    const archive = make()
    await archive.write([part(below, 'x')])
    expect(archive.stats.failed).toEqual(new Map([['bad_path', 1]]))
  })

  test('refuses a path outside of its root', async () => {
    const archive = make()
    await archive.write([{ ...part('x', 'x'), path: `${top}/elsewhere.log` }])
    expect(archive.stats.failed).toEqual(new Map([['bad_path', 1]]))
    expect(readdirSync(top)).toEqual([])
  })

  test('a failing file is told of once, counted each time, and written again when it can be', async () => {
    await mkdir(root)
    await writeFile(join(root, 'host'), 'in the way')
    const archive = make()
    for (let i = 0; i < 5; i++) await archive.write([part('host/x.log', 'lost', 'too')])
    expect(happenings).toMatchObject([{ kind: 'failed', path: `${root}/host/x.log`, reason: 'ENOTDIR', lines: 2 }])
    await rm(join(root, 'host'))
    await archive.write([part('host/x.log', 'kept')])
    expect(read('host/x.log')).toBe('kept\n')
    expect(archive.stats.failed).toEqual(new Map([['ENOTDIR', 10]]))
    await archive.close()
    expect(happenings.reduce((sum, { lines }) => sum + lines, 0)).toBe(10)
  })

  test('reopen leaves the renamed file alone', async () => {
    const archive = make({ syncMs: 3_600_000 })
    await archive.write([part('a.log', '1')])
    await rename(join(root, 'a.log'), join(root, 'a.log.1'))
    await archive.write([part('a.log', '2')])
    await archive.reopen()
    await archive.write([part('a.log', '3')])
    expect(read('a.log.1')).toBe('1\n2\n')
    expect(read('a.log')).toBe('3\n')
  })

  test.each(['renamed', 'deleted'])('notices a %s file without being told', async (how) => {
    const archive = make({ syncMs: 1 })
    await archive.write([part('a.log', '0')])
    const old = join(root, 'a.log')
    await (how === 'renamed' ? rename(old, `${old}.1`) : unlink(old))
    for (let i = 1; !existsSync(old); i++) await archive.write([part('a.log', `${i}`)])
    await archive.write([part('a.log', 'last')])
    expect(read('a.log')).toMatch(/^\d+\nlast\n$/)
  })

  test('goes on at the start of a file that was truncated', async () => {
    const archive = make()
    await archive.write([part('a.log', 'one')])
    await truncate(join(root, 'a.log'))
    await archive.write([part('a.log', 'two')])
    expect(read('a.log')).toBe('two\n')
  })

  test('does not continue a line that a crash cut short', async () => {
    await mkdir(root)
    await writeFile(join(root, 'a.log'), 'whole\ncut sho')
    await make().write([part('a.log', 'next')])
    expect(read('a.log')).toBe('whole\ncut sho\nnext\n')
  })

  test('bounds what waits: the rest is counted as lost, at once', async () => {
    const archive = make({ maxWaiting: 100_000 })
    const lines = Array.from({ length: 1000 }, (_, i) => part('a.log', `${i}`.padEnd(999, '.')))
    await archive.write(lines)
    const { lines: written, failed } = archive.stats
    expect(failed.get('backlog')).toBeGreaterThan(0)
    expect(written + (failed.get('backlog') ?? 0)).toBe(1000)
    expect(read('a.log').length).toBe(written * 1000)
    await archive.write([part('a.log', 'later')])
    expect(read('a.log').endsWith('\nlater\n')).toBe(true)
  })

  test('close writes what waits, and counts what comes later', async () => {
    const archive = make()
    for (let i = 0; i < 100; i++) void archive.write([part(`${i}.log`, 'x')])
    await archive.close()
    expect(archive.stats).toMatchObject({ lines: 100, openFiles: 0, waitingBytes: 0 })
    await archive.write([part('0.log', 'late')])
    expect(archive.stats.failed).toEqual(new Map([['closed', 1]]))
  })
})

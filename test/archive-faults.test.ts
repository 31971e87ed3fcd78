import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Archive } from '../src/archive/archive.ts'
import { compileTemplate } from '../src/archive/template.ts'

const run = promisify(execFile)
let top: string
let archive: Archive

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'sluice-archive-'))
})

afterEach(async () => {
  await archive.close()
  rmSync(top, { recursive: true, force: true })
})

/** Numbered lines, each with a tail of known form, so that a torn or glued one shows. */
const line = (i: number) => `line ${i} ${'.'.repeat(i % 50)} end`
const numbers = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((got) => {
      const i = Number(got.split(' ')[1])
      expect(got).toBe(line(i))
      return i
    })

function logrotate(path: string, how: string): Promise<unknown> {
  const config = join(top, 'logrotate.conf')
  writeFileSync(config, `${path} {\n  rotate 1000\n  nocompress\n  missingok\n  ${how}\n}\n`)
  return run('logrotate', ['-f', '-s', join(top, 'state'), config], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
}

/** Writes lines one batch after the other until `stop` is called; answers how many it wrote. */
function writer(root: string, path: string) {
  let stopped = false
  const written = (async () => {
    let i = 0
    while (!stopped) {
      const lines = Array.from({ length: 10 }, () => `${line(i++)}\n`)
      await archive.write([{ root, path, bytes: Buffer.from(lines.join('')), lines: 10 }])
    }
    return i
  })()
  return { written, stop: () => (stopped = true) }
}

describe('archive and logrotate', () => {
  test('rename and reopen while writing: every line once and whole, in order through the files', async () => {
    archive = new Archive({ onHappening: () => {}, syncMs: 50 })
    const root = join(top, 'log')
    const path = join(root, 'app.log')
    const { written, stop } = writer(root, path)
    for (let i = 0; i < 8; i++) {
      await expect.poll(() => existsSync(path)).toBe(true)
      await logrotate(path, 'nocreate')
      // The last two without a signal: the archive must see it by itself.
      if (i < 6) await archive.reopen()
    }
    stop()
    const total = await written
    await archive.close()
    const files = readdirSync(root).toSorted((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0))
    expect(files).toHaveLength(existsSync(path) ? 9 : 8)
    const got = files.flatMap((file) => numbers(readFileSync(join(root, file), 'utf8')))
    expect(got).toEqual(Array.from({ length: total }, (_, i) => i))
  })

  test('copytruncate while writing: lines are whole, in order, and only lost between its copy and its cut', async () => {
    archive = new Archive({ onHappening: () => {}, syncMs: 50 })
    const root = join(top, 'log')
    const path = join(root, 'app.log')
    const { written, stop } = writer(root, path)
    const gaps: number[] = []
    for (let i = 0; i < 6; i++) {
      await expect.poll(() => existsSync(path) && readFileSync(path).length > 0).toBe(true)
      await logrotate(path, 'copytruncate')
    }
    stop()
    const total = await written
    await archive.close()
    const files = readdirSync(root).toSorted((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0))
    let last = -1
    for (const file of files) {
      const text = readFileSync(join(root, file), 'utf8')
      // No hole of NULs where another program would go on at its old offset.
      expect(text).not.toContain('\0')
      // The copy may end within a line that was being written; its end is what copytruncate then cuts away.
      const got = numbers(text.slice(0, text.lastIndexOf('\n') + 1))
      for (const [at, i] of got.entries()) {
        if (at > 0) expect(i).toBe(last + 1)
        else if (i !== last + 1) gaps.push(i)
        expect(i).toBeGreaterThan(last)
        last = i
      }
    }
    expect(last).toBe(total - 1)
    expect(gaps.length).toBeLessThanOrEqual(6)
  })
})

describe('a full disk', () => {
  test('lines that fit are whole, the others are counted, and it goes on when there is room again', async () => {
    archive = new Archive({ onHappening: () => {} })
    const mount = join(top, 'full')
    mkdirSync(mount)
    // A mount of its own namespace: it goes with the process, and needs no root where user namespaces are allowed.
    const out = execFileSync(
      'unshare',
      ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=256k none "$0" && exec "$@"', mount, process.execPath, '-e', CHILD],
      { encoding: 'utf8', env: { ...process.env, MOUNT: mount, ARCHIVE: join(import.meta.dirname, '../src/archive') } },
    )
    const { full, after, happenings, text, sent } = JSON.parse(out)
    expect(full.failed.ENOSPC).toBeGreaterThan(0)
    expect(full.lines + full.failed.ENOSPC).toBe(sent)
    expect(happenings).toBe(1)
    expect(after.lines).toBe(full.lines + 1)
    const got = text.split('\n')
    expect(got.pop()).toBe('')
    expect(got.pop()).toBe('room again')
    const whole = got.filter((entry: string) => entry === 'x'.repeat(99))
    expect(whole).toHaveLength(full.lines)
    // What the full disk cut short stays a line of its own.
    expect(got.length - whole.length).toBeLessThanOrEqual(1)
  })
})

const CHILD = `
const { Archive } = await import(process.env.ARCHIVE + '/archive.ts')
const fs = await import('node:fs')
const root = process.env.MOUNT
fs.writeFileSync(root + '/ballast', 'b'.repeat(64 * 1024))
let happenings = 0
const archive = new Archive({ onHappening: () => happenings++ })
const bytes = Buffer.from(('x'.repeat(99) + '\\n').repeat(50))
const plain = () => ({ ...archive.stats, failed: Object.fromEntries(archive.stats.failed) })
for (let i = 0; i < 60; i++) await archive.write([{ root, path: root + '/a.log', bytes, lines: 50 }])
const full = plain()
fs.rmSync(root + '/ballast')
await archive.write([{ root, path: root + '/a.log', bytes: Buffer.from('room again\\n'), lines: 1 }])
const after = plain()
console.log(JSON.stringify({ full, after, happenings, sent: 3000, text: fs.readFileSync(root + '/a.log', 'utf8') }))
await archive.close()
`

describe('hostile names', () => {
  test('ten thousand of them stay in the tree, within the bounds', async () => {
    archive = new Archive({ onHappening: () => {}, newPerMinute: 300, openFiles: 32 })
    const root = join(top, 'tree', 'log')
    const template = compileTemplate(`${root}/\${host}/\${service}.log`)
    const pieces = [
      '..',
      '/',
      '.',
      '-',
      '~',
      '\0',
      '\n',
      '\x1b[2J',
      'a',
      'é',
      '\u202e',
      '$(x)',
      '_overflow',
      ' ',
      'x'.repeat(300),
    ]
    let seed = 7
    const next = (n: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % n
    }
    const name = () => Array.from({ length: next(4) }, () => pieces[next(pieces.length)]).join('')
    const fields = { program: '', pid: '', facility: 'user', severity: 'info', sender: '', route: 'r', time: 0 }
    for (let i = 0; i < 20; i++) {
      const parts = Array.from({ length: 500 }, () => {
        const path = template.path({ ...fields, host: name(), service: name() })
        return { root: template.root, path, bytes: Buffer.from('line\n'), lines: 1 }
      })
      await archive.write(parts)
      expect(archive.stats.openFiles).toBeLessThanOrEqual(33)
    }
    expect(archive.stats).toMatchObject({ lines: 10_000, failed: new Map() })
    expect(readdirSync(top)).toEqual(['tree'])
    expect(readdirSync(join(top, 'tree'))).toEqual(['log'])
    const all = readdirSync(root, { recursive: true, withFileTypes: true })
    expect(all.length).toBeLessThan(450)
    const files = all.filter((entry) => entry.isFile())
    const lines = files.map((file) => readFileSync(join(file.parentPath, file.name)).length / 5)
    expect(lines.reduce((sum, n) => sum + n, 0)).toBe(10_000)
  })
})

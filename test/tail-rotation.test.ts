import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readJournal } from './tail-child.ts'

const run = promisify(execFile)
let top: string
let log: string
let journal: string
let children: ChildProcess[]

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'sluice-tail-'))
  mkdirSync(join(top, 'logs'))
  log = join(top, 'logs', 'app.log')
  journal = join(top, 'journal')
  children = []
})

afterEach(async () => {
  for (const child of children) await kill(child)
  rmSync(top, { recursive: true, force: true })
})

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  children.push(child)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const follow = (pattern: string) =>
  start(join(import.meta.dirname, 'tail-child.ts'), join(top, 'logs', pattern), join(top, 'tail.json'), journal)

/** Writes numbered lines until it is stopped by SIGTERM; SIGHUP: opens the file anew. */
const WRITER = `
const fs = require('node:fs')
const open = () => fs.openSync(process.argv[1], 'a')
let fd = open()
let n = 0
process.on('SIGHUP', () => { fs.closeSync(fd); fd = open() })
process.on('SIGTERM', () => process.exit(0))
setInterval(() => { for (let i = 0; i < 20; i++, n++) fs.writeSync(fd, 'line ' + n + ' ' + '.'.repeat(n % 80) + ' end\\n') }, 2)
`

const numberOf = (line: string) => {
  const [, n = ''] = /^line (\d+) (\.*) end$/.exec(line) ?? []
  return n === '' ? Number.NaN : Number(n)
}

/** All that ever went into the store: one event an id, and the same id never for two lines. */
function stored(): string[] {
  const events = new Map<string, string>()
  for (const { stream, first, lines } of readJournal(journal)) {
    for (const [i, line] of lines.entries()) {
      const id = `${stream}-${first + i}`
      expect(events.get(id) ?? line).toBe(line)
      events.set(id, line)
    }
  }
  return [...events.values()]
}

const written = () =>
  readdirSync(join(top, 'logs')).flatMap((name) => {
    const lines = readFileSync(join(top, 'logs', name), 'utf8').split('\n')
    return lines.slice(0, -1)
  })

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
const grows = async (path: string) => {
  const before = sizeOf(path)
  await expect.poll(() => sizeOf(path), { timeout: 20_000, interval: 5 }).toBeGreaterThan(before)
}

/** Until what stands in the log file now has been read to some part: only then can its rotation be followed. */
async function looked(): Promise<void> {
  await expect.poll(() => sizeOf(log), { timeout: 20_000, interval: 5 }).toBeGreaterThan(0)
  const first = numberOf(readFileSync(log, 'utf8').split('\n', 1)[0] ?? '')
  const seen = () => readJournal(journal).some(({ lines }) => lines.some((line) => numberOf(line) >= first))
  await expect.poll(seen, { timeout: 20_000, interval: 20 }).toBe(true)
}

test.each([
  ['nocreate', 'app.log'],
  ['nocreate', 'app.log*'],
  ['copytruncate', 'app.log'],
  ['copytruncate', 'app.log*'],
])(
  'logrotate with %s, glob %s, a writer that never rests and kill -9 in between: each line once',
  async (how, pattern) => {
    const config = join(top, 'logrotate.conf')
    const writer = start('-e', WRITER, log)
    const signal = `postrotate\n kill -HUP ${writer.pid}\n endscript`
    writeFileSync(config, `${log} {\n rotate 100\n nocompress\n ${how}\n ${how === 'nocreate' ? signal : ''}\n}\n`)
    let tail = follow(pattern)
    for (let i = 0; i < 6; i++) {
      await looked()
      if (i % 2 === 0) {
        // It is down while the file is rotated, or is killed in the midst of reading.
        await kill(tail)
        await grows(log)
      }
      await run('logrotate', ['-f', '-s', join(top, 'state'), config], {
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      })
      if (i % 2 === 0) tail = follow(pattern)
      await grows(journal)
      if (i % 3 === 0) {
        await kill(tail)
        tail = follow(pattern)
      }
    }
    await looked()
    writer.kill('SIGTERM')
    await once(writer, 'exit')

    // What copytruncate cut away between its copy and its cut is in no file any more.
    const expected = written().filter((line) => !Number.isNaN(numberOf(line)))
    await expect.poll(() => new Set(stored()).isSupersetOf(new Set(expected)), { timeout: 20_000 }).toBe(true)
    const got = stored()
    expect(new Set(got).size).toBe(got.length)
    if (how === 'nocreate') expect(got.map(numberOf).toSorted((a, b) => a - b)).toEqual(got.map((_, i) => i))
  },
)

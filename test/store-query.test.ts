import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { answerQuery } from '../src/deliver/store/answer.ts'
import { Store } from '../src/deliver/store/store.ts'
import { serveControl } from '../src/engine/control.ts'
import { EVENTS, storeBatch } from './store-batches.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')

let data: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'sluice-query-'))
})

afterEach(() => rmSync(data, { recursive: true }))

function query(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, TZ: 'UTC', NO_COLOR: '1' }
    execFile(process.execPath, [MAIN, 'query', '--data', data, ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
}

async function filled(): Promise<Store> {
  const store = await Store.open({ path: join(data, 'store') })
  const odd = storeBatch(3)
  const doc = '{"@timestamp":"2026-11-23T13:00:00Z","message":"red \\u001b[31m alert","log":{"level":"alert"}}'
  odd.body = Buffer.from(`{"create":{"_index":"syslog-2026.11.23","_id":"odd"}}\n${doc}\n`)
  odd.count = 1
  await store.deliver([storeBatch(1), storeBatch(2), odd])
  return store
}

test('the files are read when nobody runs', async () => {
  await (await filled()).close()
  const found = await query('1-3', '--limit', '2')
  expect(found).toMatchObject({ code: 0, err: '' })
  expect(found.out.split('\n')).toEqual([
    expect.stringMatching(/^2026-11-23 12:00:01.038 {9}web1 -: event 1-38 padding/),
    expect.stringMatching(/^2026-11-23 12:00:01.039 {9}web1 -: event 1-39 padding/),
    '',
  ])
  const exact = await query('event', '--json', '--limit', '1', '--oldest')
  expect(exact.out.trimEnd()).toBe(storeBatch(1).body.toString().split('\n')[1])
  const escapes = await query('--level', 'alert')
  expect(escapes.out).toBe('2026-11-23 13:00:00.000 alert   - -: red \\x1b[31m alert\n')
  expect(await query('nowhere to be found')).toEqual({ code: 1, out: '', err: '' })
  const counted = await query('--histogram', '1h', '--json')
  expect(
    counted.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { time: '2026-11-23T12:00:00.000Z', events: 2 * (EVENTS - 1) },
    { time: '2026-11-23T13:00:00.000Z', events: 1 },
  ])
  const bars = await query('--top', 'host')
  expect(bars.out).toMatch(/^web1 +98 █+\n\(none\) +1\b/)
})

test('wrong usage exits with 2 and says what is right', async () => {
  for (const [args, hint] of [
    [['--from', 'soon'], '15m ago'],
    [['--level', 'loud'], 'warning'],
    [['--top', 'message'], 'program'],
    [['--limit', '0'], '1 to 1000000'],
    [['--histogram', '1x'], '10s'],
  ] as const) {
    const { code, err } = await query(...args)
    expect({ args, code, err }).toEqual({ args, code: 2, err: expect.stringContaining(hint) })
  }
  const { code, err } = await query('x')
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('no store at') })
  expect(readdirSync(data)).toEqual([])
})

test('a running process is asked, since nobody else can open its files', async () => {
  const store = await filled()
  const server: Server = await serveControl(data, { query: (params) => answerQuery(store, params) })
  try {
    const found = await query('event', '--json', '--limit', '1000')
    expect(found.out.trimEnd().split('\n')).toHaveLength(2 * (EVENTS - 1))
    expect(found).toMatchObject({ code: 0, err: '' })
  } finally {
    server.close()
    await store.close()
  }
})

test('a database in use is neither opened twice nor set aside', async () => {
  mkdirSync(join(data, 'store'))
  const holder = spawn(process.execPath, [join(import.meta.dirname, 'store-child.ts'), join(data, 'store'), 'hold'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await once(holder.stdout, 'data')
    await expect(Store.open({ path: join(data, 'store') })).rejects.toThrow('in use by another process')
    expect(readdirSync(join(data, 'store')).filter((name) => name.includes('damaged'))).toEqual([])
    const { code, err } = await query('event')
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('in use by another process') })
  } finally {
    holder.kill('SIGKILL')
    await once(holder, 'close')
  }
  // Killed with rows in DuckDB's log only: reading alone must find them, too.
  expect(await query('event', '--limit', '1')).toMatchObject({ code: 0, err: '' })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callControl } from '../src/engine/control.ts'
import { ledgerReport } from '../src/ledger/report.ts'
import { startSluice, until, workspace } from './support/sluice.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

let stack: AsyncDisposableStack
let dir: string
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  dir = stack.use(await workspace()).path
})
afterEach(() => stack.disposeAsync())

const INPUT = 'datasets: false\nmetrics: false\nreceive: [{ tail: DIR/app.log, program: app }]\n'
const inputs = () => INPUT.replaceAll('DIR', dir)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`)
const write = (lines: string[]) => appendFile(join(dir, 'app.log'), lines.map((line) => `${line}\n`).join(''))

/** Of whole lines: the last one may be half written. */
const messages = (text: string): string[] => {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line).message)
}
const inFile = async (name: string) => messages(await readFile(join(dir, name), 'utf8').catch(() => ''))

async function statusOf(data: string) {
  for await (const report of callControl(data, 'status', {})) return ledgerReport.parse(report)
  throw new Error('no status')
}

test('an output on a full disk waits, with the reason shown, while the others go on; then it catches up', async () => {
  await symlink('/dev/full', join(dir, 'stuck.ndjson'))
  const sluice = stack.use(
    await startSluice(
      dir,
      `${inputs()}
deliver:
  - { name: stuck, file: { path: ${dir}/stuck.ndjson } }
  - { name: fine, file: { path: ${dir}/fine.ndjson } }
  - store: {}
`,
    ),
  )
  await write(range(1, 2500))
  const outputs = async () => {
    const report = await sluice.status()
    expect(report.closes).toBe(true)
    return Object.fromEntries(report.outputs.map((row) => [row.output, row]))
  }
  await until('the others have all', async () => {
    const { fine, store } = await outputs()
    return fine?.delivered === 2500 && store?.delivered === 2500
  })
  expect(await outputs()).toMatchObject({ stuck: { delivered: 0, buffered: 2500, lost: {} } })
  await until('the reason is told', () => sluice.log().includes('ENOSPC'))
  expect(await inFile('fine.ndjson')).toEqual(range(1, 2500))
  await rm(join(dir, 'stuck.ndjson'))
  await until('it catches up', async () => (await outputs()).stuck?.delivered === 2500)
  expect(await inFile('stuck.ndjson')).toEqual(range(1, 2500))

  // logrotate
  await rename(join(dir, 'fine.ndjson'), join(dir, 'fine.ndjson.1'))
  process.kill(sluice.pid, 'SIGHUP')
  await until('files are reopened', () => sluice.log().includes('files reopened'))
  await write(['after the rotation'])
  await until('the new file has it', async () => (await inFile('fine.ndjson')).length === 1)
  expect(await inFile('fine.ndjson.1')).toHaveLength(2500)
  expect(await sluice.stop()).toBe(0)
})

/** sluice with its standard output in the test's hands, paused at first. */
async function startPiped(more = '') {
  const file = join(dir, 'sluice.yaml')
  const data = join(dir, 'data')
  await writeFile(
    file,
    `data: ${data}\n${inputs()}\ndeliver: [{ stdout: { id: true } }, { file: { path: ${dir}/beside } }]\n${more}`,
  )
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'run', '-c', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let said = ''
  child.stderr?.on('data', (text) => (said += text))
  stack.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  await until('sluice is ready', () => said.includes('sluice is ready'))
  return { child, data, said: () => said, ended }
}

test('the standard output holds events alone; its reader, slow or gone, stops nothing else, and gets all', async () => {
  const first = await startPiped()
  const text = 'x'.repeat(500)
  const lines = range(1, 2000).map((line) => `${line} ${text}`)
  await write(lines)
  // Nobody reads: far more than a pipe holds.
  await until('the output beside has all', async () => (await inFile('beside')).length === 2000)
  const report = await statusOf(first.data)
  expect(report).toMatchObject({ closes: true, outputs: [{ output: 'stdout', buffered: 2000 }, { delivered: 2000 }] })
  await until('the reason is told', () => first.said().includes('takes nothing'))

  let read = ''
  first.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (read += chunk))
  await until('all is read', () => messages(read).length === 2000)
  await until('all is settled', async () => (await statusOf(first.data)).outputs[0]?.buffered === 0)
  expect(messages(read)).toEqual(lines)
  expect(JSON.parse(read.split('\n')[0] ?? '')._id).toMatch(/^[0-9a-f]{16}-\d{15}$/)

  first.child.stdout?.destroy()
  await write(['nobody reads this'])
  await until('it is told that the reader is gone', () => first.said().includes('nobody reads it any more'))
  await until('the output beside has it', async () => (await inFile('beside')).length === 2001)
  first.child.kill('SIGTERM')
  expect((await first.ended)[0]).toBe(0)

  const second = await startPiped()
  let again = ''
  second.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (again += chunk))
  await until('the next reader gets it', () => messages(again).includes('nobody reads this'))
  second.child.kill('SIGTERM')
  expect((await second.ended)[0]).toBe(0)
  expect(second.said()).toContain('the sum closes')
})

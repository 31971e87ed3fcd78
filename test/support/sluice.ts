import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { callControl } from '../../src/engine/control.ts'
import { type LedgerReport, ledgerReport } from '../../src/ledger/report.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Waits until `holds` gives something; throws what it was waiting for when that does not happen. */
export async function until<T>(what: string, holds: () => Promise<T | false> | T | false, millis = 30_000): Promise<T> {
  const end = Date.now() + millis
  for (;;) {
    const value = await holds()
    if (value !== false) return value
    if (Date.now() > end) throw new Error(`waited ${millis} ms in vain: ${what}`)
    await delay(20)
  }
}

/** A directory of the test's own, removed by `await using`. */
export async function workspace(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export interface Running extends AsyncDisposable {
  pid: number
  data: string
  status(): Promise<LedgerReport>
  /** The store's answer. */
  query(params: Record<string, unknown>): Promise<unknown[]>
  /** SIGTERM; resolves with the exit code when the process has ended. */
  stop(): Promise<number | null>
  /** kill -9. */
  kill(): Promise<void>
  /** What it wrote to stderr so far. */
  log(): string
}

/** Starts a real sluice with this config (YAML) and waits until it answers. `sockets`: handed over from fd 3 on. */
export async function startSluice(
  dir: string,
  config: string,
  sockets: readonly number[] = [],
  options: readonly string[] = [],
): Promise<Running> {
  const data = join(dir, 'data')
  const file = join(dir, 'sluice.yaml')
  await writeFile(file, `data: ${data}\n${config}`)
  const command = [process.execPath, MAIN, 'run', '-c', file, '--log', 'json', ...options]
  // LISTEN_PID has to be the process's own, so a shell sets it and becomes the process.
  const script = sockets.length === 0 ? 'exec "$@"' : `LISTEN_FDS=${sockets.length} LISTEN_PID=$$ exec "$@"`
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...command], { stdio: ['ignore', 'ignore', 'pipe', ...sockets] })
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const ended = once(child, 'exit')
  const status = async (): Promise<LedgerReport> => {
    for await (const report of callControl(data, 'status', {})) return ledgerReport.parse(report)
    throw new Error('no status')
  }
  await until(`sluice answers\n${log}`, async () => {
    if (!isRunning(child)) throw new Error(`sluice ended at once (${child.exitCode}):\n${log}`)
    return status().catch((): false => false)
  })
  return {
    pid: child.pid ?? -1,
    data,
    status,
    query: (params) => Array.fromAsync(callControl(data, 'query', params)),
    async stop() {
      child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    log: () => log,
    async [Symbol.asyncDispose]() {
      if (isRunning(child)) child.kill('SIGKILL')
      await ended
    },
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

/** The number of events that the store holds. */
export async function storedEvents(sluice: Running): Promise<number> {
  const rows = await sluice.query({ kind: 'top', field: 'host', n: 10_000 })
  return rows.reduce<number>((sum, row) => sum + countOf(row), 0)
}

function countOf(row: unknown): number {
  if (typeof row !== 'object' || row === null || !('events' in row)) throw new Error('no count')
  return Number(row.events)
}

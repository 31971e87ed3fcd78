import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const root = join(import.meta.dirname, '..')
let directory: string
let child: ChildProcess | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-start-'))
})
afterEach(() => {
  signalGroup('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** To every process of the terminal's foreground group, as Ctrl-C does it. */
function signalGroup(signal: NodeJS.Signals): void {
  if (child?.pid === undefined || child.exitCode !== null) return
  process.kill(-child.pid, signal)
}

// npm passes the signal on to sluice, which then gets it twice: the second must not count as "at once".
it.each([1, 2, 3])('Ctrl-C under npm start drains and prints the closing ledger (%i)', async () => {
  const config = join(directory, 'sluice.yaml')
  writeFileSync(config, 'receive: [{ udp: 127.0.0.1:0 }]\narchive: archive/${host}.log\nmetrics: false\n')
  child = spawn('npm', ['start', '--', '-c', config, '--data', join(directory, 'data')], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  const ended = new Promise<number | null>((resolve) => child?.on('close', resolve))
  await vi.waitFor(() => expect(output).toContain('sluice is ready'), { timeout: 30_000 })
  signalGroup('SIGINT')
  expect({ code: await ended, output }).toEqual({ code: 0, output: expect.stringContaining('the sum closes') })
})

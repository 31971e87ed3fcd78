import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { together } from '../../test/support/together.ts'
import { residentMegabytes } from './process.ts'

/** What is measured: sluice in one configuration, or a peer doing the same work. */
export interface Subject {
  name: string
  /** `dir` is empty and the subject's own. Resolves when it takes lines. */
  start(dir: string): Promise<Running>
}

export interface Running extends AsyncDisposable {
  udp: string
  tcp: string
  /** Processes whose CPU and memory count, by their names. */
  pids: ReadonlyMap<string, number>
  /** Milliseconds from exec to taking lines. */
  startMillis: number
  /** Lines that have reached the end of this subject's way so far. */
  handled(): Promise<number>
  /** Milliseconds from sending to the end of the way since the last call: p50, p99, p99.9; empty when not measured. */
  latency?(): Promise<readonly number[]>
  /** Further counts so far, by name: dead letters, bytes to the bulk server (`toBulk`) and to Redis (`toRedis`). */
  extras?(): Promise<Readonly<Record<string, number>>>
}

/** A program under measurement; ends with its scope. */
export async function launch(
  command: string,
  args: readonly string[],
  options: { udp: number; tcp: number; env?: NodeJS.ProcessEnv },
): Promise<{ pid: number; startMillis: number } & AsyncDisposable> {
  const start = performance.now()
  const child = together(
    spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...options.env } }),
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  const ended = once(child, 'exit')
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}:\n${said}`)
    if (await accepts(options.tcp)) break
    if (performance.now() - start > 30_000) throw new Error(`${command} does not listen on ${options.tcp}:\n${said}`)
    await delay(5)
  }
  return {
    pid: child.pid ?? -1,
    startMillis: performance.now() - start,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Waits until all of `wanted` lines are handled, or nothing has come for a while; returns how many were. */
export async function settled(running: Running, wanted: number): Promise<number> {
  let last = -1
  let since = performance.now()
  for (;;) {
    const handled = await running.handled()
    if (handled >= wanted) return handled
    if (handled !== last) {
      last = handled
      since = performance.now()
    } else if (performance.now() - since > 3000) return handled
    await delay(100)
  }
}

/** Resident memory of all processes, MB. */
export function memory(running: Running): { now: number; peak: number } {
  let now = 0
  let peak = 0
  for (const pid of running.pids.values()) {
    const one = residentMegabytes(pid)
    now += one.now
    peak += one.peak
  }
  return { now, peak }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './programs.ts'
import { until } from './sluice.ts'
import { together } from './together.ts'

export interface RedisServer extends AsyncDisposable {
  url: string
  port: number
  pid(): number
  /** Another look at it, with a client of the test's own. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>
  kill(): Promise<void>
  /** SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void
  /** Starts it again after `kill`; `empty`: without its data. */
  start(how?: { empty?: boolean }): Promise<void>
}

/** A real redis-server with a directory and a port of its own, persistent (AOF), as one would run it. */
export async function startRedis(options: readonly string[] = []): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
  const port = await freePort()
  const client = new Redis({ port, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => 20 })
  client.on('error', () => {})
  let child: ChildProcess | undefined
  let said = ''
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: () => child?.pid ?? -1,
    command: (name, ...args) => client.call(name, ...args),
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    signal(signal) {
      child?.kill(signal)
    },
    async start({ empty = false } = {}) {
      if (empty) await rm(dir, { recursive: true, force: true })
      await mkdir(dir, { recursive: true })
      const persistence = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']
      const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir]
      const args = [...place, ...persistence, '--maxmemory', '1gb', ...options]
      child = together(spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] }))
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (said += text))
      await until('redis-server answers', async () => {
        if (child?.exitCode != null) throw new Error(`redis-server ended (${child.exitCode}):\n${said}`)
        return (await client.ping().catch(() => '')) === 'PONG'
      })
    },
    async [Symbol.asyncDispose]() {
      client.disconnect()
      await server.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Runs a program to its end, whatever comes of it. */
export async function runCommand(command: string, args: readonly string[], input: string | Buffer) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // It may refuse its arguments without reading.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code]: number[] = await once(child, 'close')
  return { code, stdout, stderr }
}

/** Runs a program to its end; throws with what it said when it fails. */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (${code}): ${said}`)
  return said
}

/** Starts a program that stays; ended by `await using`. */
export function startProgram(command: string, args: readonly string[]): AsyncDisposable & { said(): string } {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (said += text))
  return {
    said: () => said,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

/**
 * A port of loopback that is free for UDP and TCP, below those that the kernel gives to clients: one that asks again and
 * again whether somebody listens would be given the very port, and talk to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const socket = createSocket('udp4')
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    await once(socket.bind(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
    socket.close()
  }
}

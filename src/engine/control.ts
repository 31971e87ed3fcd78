import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { UserError } from '../errors.ts'

/** Nobody runs with that data directory, so what is wanted has to be read from its files. */
export class NotRunning extends Error {
  override name = 'NotRunning'
}

/** Answers one method: yields the lines of the answer. Errors it throws reach the caller as their message. */
export type ControlMethod = (params: unknown) => AsyncIterable<unknown>

const Request = z.object({ method: z.string(), params: z.unknown() })
const Answer = z.union([
  z.object({ value: z.unknown() }),
  z.object({ error: z.string() }),
  z.object({ end: z.literal(true) }),
])

/** A request is one short line; a peer that sends more without a line end is not ours. */
const REQUEST_BYTES = 1 << 20

/**
 * The running process's door for the other commands: `<data>/control.sock`, for the owner alone. A connection carries
 * one request, a JSON line {method, params}; the answer is JSON lines {value}, closed by {end} or {error}.
 */
export async function serveControl(dataDir: string, methods: Record<string, ControlMethod>): Promise<Server> {
  const path = socketPath(dataDir)
  await rm(path, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    let request = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      request += chunk
      const end = request.indexOf('\n')
      if (end >= 0) {
        socket.pause()
        void answer(socket, request.slice(0, end), methods)
      } else if (request.length > REQUEST_BYTES) socket.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return server
}

async function answer(socket: Socket, text: string, methods: Record<string, ControlMethod>): Promise<void> {
  const send = async (line: unknown) => {
    if (!socket.write(`${JSON.stringify(line)}\n`)) {
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve)
        socket.once('close', resolve)
      })
    }
  }
  try {
    const { method, params } = Request.parse(JSON.parse(text))
    const answers = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (answers === undefined) throw new Error(`the running process does not know '${method}'; is it an older version?`)
    for await (const value of answers(params)) {
      if (socket.destroyed) return
      await send({ value })
    }
    await send({ end: true })
  } catch (error) {
    await send({ error: error instanceof Error ? error.message : String(error) })
  }
  socket.end()
}

/** Asks the process that runs with `dataDir`. Throws NotRunning when there is none, UserError with what it refused. */
export async function* callControl(dataDir: string, method: string, params: unknown): AsyncGenerator<unknown> {
  const socket = connect(socketPath(dataDir))
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') reject(new NotRunning(dataDir))
        else reject(new UserError(`cannot reach the running sluice at ${dataDir}/control.sock: ${error.message}`))
      })
    })
    socket.write(`${JSON.stringify({ method, params })}\n`)
    for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
      const answer = Answer.parse(JSON.parse(line))
      if ('error' in answer) throw new UserError(answer.error)
      if ('end' in answer) return
      yield answer.value
    }
    throw new UserError('the running sluice ended before its answer did')
  } finally {
    socket.destroy()
  }
}

/** A socket's path holds 107 bytes (unix(7)): the shorter of the absolute and the relative one. */
function socketPath(dataDir: string): string {
  const absolute = resolve(dataDir, 'control.sock')
  const fromHere = join('.', relative(process.cwd(), absolute))
  return fromHere.length < absolute.length ? fromHere : absolute
}

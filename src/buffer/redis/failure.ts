import { messageOf } from '../../ledger/files.ts'
import { BufferDown, BufferFull } from '../buffer.ts'

/** Answers that mean "not now": the server is well again later without us doing anything. */
const DOWN: Record<string, string> = {
  LOADING: 'is loading its data',
  READONLY: 'is a replica, or read-only',
  MASTERDOWN: 'is a replica without its master',
  MISCONF: 'can not write its data to disk',
  NOREPLICAS: 'has fewer replicas than it wants',
  BUSY: 'is busy with a script',
  NOAUTH: 'wants a password',
  WRONGPASS: 'refuses user or password',
  NOPERM: 'does not let this user do what is needed',
  CLUSTERDOWN: 'is part of a cluster that is down',
  SHUTDOWN: 'is shutting down',
}

/** What an error of the Redis client means for a batch: BufferFull, BufferDown, or the error itself for a defect. */
export function failureOf(error: unknown, name: string): Error {
  // Not the error itself: ioredis puts the command with its arguments into it, AUTH included.
  const message = messageOf(error)
  const code = /^[A-Z]+/.exec(message)?.[0] ?? ''
  if (code === 'OOM') return new BufferFull(`${name} has used up its maxmemory`)
  if (code === 'SLUICEFULL') return new BufferFull(`${name} holds its budget: ${message.slice(code.length + 1)}`)
  const reason = DOWN[code]
  if (reason !== undefined) return new BufferDown(`${name} ${reason}`)
  if (isReply(error)) return new Error(`${name}: ${message}`)
  if (message.startsWith("Stream isn't writeable")) return new BufferDown(`${name} is not connected`)
  if (message === 'Command timed out') return new BufferDown(`${name} does not answer`, true)
  return new BufferDown(`the connection to ${name} is lost`, true)
}

export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

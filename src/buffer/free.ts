import { isMarkedAsUntransferable } from 'node:worker_threads'
import { Rooms } from './rooms.ts'

const rooms = new Rooms()

/** So many bytes, with anything in them; with `free` the next one gets the same memory. */
export function allocate(bytes: number): Buffer {
  return rooms.take(bytes)
}

/**
 * Gives the memory of a large buffer back at once; whoever still looks at it sees no bytes. Left to the garbage
 * collector, bodies of batches are what makes it run, a marking for each 64 MB of them: taking and settling a million
 * events from Redis took 2.4 s of CPU so, in place of 0.9. Not for memory that the system may still read, such as that
 * of a request that was given up. Buffers from Node's pool, which others share, are left alone.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached && !isMarkedAsUntransferable(buffer)) rooms.give(buffer)
}

export function isFreed({ buffer }: Uint8Array): boolean {
  return buffer instanceof ArrayBuffer && buffer.detached
}

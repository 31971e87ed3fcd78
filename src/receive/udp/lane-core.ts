import type { MessagePort } from 'node:worker_threads'
import type { Sender } from '../sender.ts'

/**
 * What a UDP lane feeds: the lane's logic, on the lane's own thread (on the main thread with `node:dgram`). Everything
 * is synchronous; what is finished goes out through the port given to `createLaneCore`.
 */
export interface LaneCore {
  /**
   * One receive call's datagrams and bytes, `refused` ones (sender not allowed) among them; called before the first
   * of them is pushed, so that the count can be made durable first. Those of several calls may be pushed together.
   */
  received(datagrams: number, bytes: number, refused: number): void
  /** A datagram; the bytes are the caller's again after the call. `truncated`: it was longer than `maxLength`. */
  push(bytes: Uint8Array, start: number, end: number, sender: Sender, receivedAt: number, truncated: boolean): void
  /** Closes batches that are due. Returns ms until the next tick is wanted. */
  tick(now: number): number
  /** What the main thread sent with `post`. */
  message(message: unknown): void
  /** True: nothing more is read, but for what the socket still holds at the stop; then a push must be kept. */
  readonly full: boolean
  flush(): void
  /** The socket's counter of drops, as the kernel gives it; told about once a second and at the end. */
  kernelDrops(total: number): void
}

/** The function that a lane's thread looks for in the core's module. */
export type CreateLaneCore = (options: unknown, port: MessagePort) => LaneCore | Promise<LaneCore>

/** Where a lane's core comes from: workers share no closures, so the module is named by its URL. */
export interface LaneCoreSource {
  /** URL of a module that exports `createLaneCore: CreateLaneCore`. */
  module: string
  /** The lane's options; they cross to its thread as a structured clone. */
  options(lane: number): unknown
}

/** @throws Error when the module has no `createLaneCore` */
export async function loadLaneCore(module: string, options: unknown, port: MessagePort): Promise<LaneCore> {
  const { createLaneCore }: { createLaneCore?: CreateLaneCore } = await import(module)
  if (typeof createLaneCore !== 'function') throw new Error(`${module} exports no createLaneCore`)
  return createLaneCore(options, port)
}

import { fstatSync, write } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Batch, Outcome } from '../../buffer/buffer.ts'
import { errorCode, messageOf } from '../../ledger/files.ts'
import { Lines, writeLines } from '../ndjson.ts'
import type { Output } from '../output.ts'

const STDOUT = 1
const PATIENCE_MILLIS = 5000

const writeTo = promisify(write)

export interface StdoutOptions {
  id: boolean
  /** ms without progress after which the reader is called stuck. */
  patience?: number
}

/**
 * Writes events to the standard output, one JSON document a line. A reader that is slow slows down this output alone. At
 * least once: what was written when the process was killed, and not settled, is written again by the next.
 */
export class StdoutOutput implements Output {
  readonly #id: boolean
  readonly #patience: number
  readonly #write: (bytes: Buffer) => Promise<void>
  readonly #close: () => void
  /** A write that goes on although the delivery has been told of the delay: it is not begun again. */
  #underWay: { batches: string; written: Promise<void> } | undefined

  constructor({ id, patience = PATIENCE_MILLIS }: StdoutOptions, fd = STDOUT) {
    this.#id = id
    this.#patience = patience
    const { write, close } = writerOn(fd)
    this.#write = write
    this.#close = close
  }

  async deliver(batches: Batch[], signal?: AbortSignal): Promise<Outcome[]> {
    const names = batches.map(({ stream, number, part }) => `${stream}-${number}.${part}`).join(' ')
    if (this.#underWay !== undefined && this.#underWay.batches !== names)
      await this.#settled(this.#underWay.written, signal)
    this.#underWay ??= { batches: names, written: this.#write(bytesOf(batches, this.#id)) }
    // It may fail while nobody waits for it.
    this.#underWay.written.catch(() => {})
    await this.#settled(this.#underWay.written, signal)
    return batches.map(({ count }) => ({ done: count, duplicate: 0, exceptions: [] }))
  }

  async close(): Promise<void> {
    this.#close()
  }

  async #settled(written: Promise<void>, signal?: AbortSignal): Promise<void> {
    const over = new AbortController()
    const signals = signal === undefined ? [over.signal] : [over.signal, signal]
    const late = delay(this.#patience, undefined, { signal: AbortSignal.any(signals) })
      .catch(() => {})
      .then(() => STUCK)
    try {
      if ((await Promise.race([written.then(() => DONE), late])) === STUCK) throw new Stuck()
      this.#underWay = undefined
    } catch (error) {
      if (!(error instanceof Stuck)) this.#underWay = undefined
      throw error
    } finally {
      over.abort()
    }
  }
}

const DONE = Symbol('done')
const STUCK = Symbol('stuck')

class Stuck extends Error {
  override message = 'the reader of the standard output takes nothing'
}

function bytesOf(batches: readonly Batch[], withId: boolean): Buffer {
  const lines = new Lines()
  writeLines(batches, withId, () => lines)
  return lines.bytes
}

/**
 * Not process.stdout, which waits within the call for the reader of a pipe, and all else with it. Files and terminals
 * are written to by a thread.
 */
function writerOn(fd: number): { write: (bytes: Buffer) => Promise<void>; close: () => void } {
  const kind = fstatSync(fd)
  if (!kind.isFIFO() && !kind.isSocket()) return { write: (bytes) => writeAll(fd, bytes), close: () => {} }
  const pipe = new Socket({ fd, readable: false, writable: true })
  let failed: Error | undefined
  pipe.on('error', (error) => {
    failed = error
  })
  const send = (bytes: Buffer) =>
    new Promise<void>((resolve, reject) => {
      if (failed !== undefined || pipe.destroyed) reject(gone(failed))
      else pipe.write(bytes, (error) => (error ? reject(gone(error)) : resolve()))
    })
  return { write: send, close: () => pipe.destroy() }
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await writeTo(fd, bytes, at)).bytesWritten
}

function gone(error: Error | undefined): Error {
  const what = errorCode(error) === 'EPIPE' || error === undefined ? 'nobody reads it any more' : messageOf(error)
  return new Error(`the standard output is closed (${what}); events wait until sluice is started with a new reader`)
}

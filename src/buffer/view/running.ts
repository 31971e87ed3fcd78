import { z } from 'zod'
import { type ControlMethod, callControl } from '../../engine/control.ts'
import { UserError } from '../../errors.ts'
import type { Batch, Depth } from '../buffer.ts'
import type { DiskBuffer } from '../disk/disk.ts'
import { type BufferView, describe, type Waiting } from './view.ts'

const Params = z.object({ output: z.string().optional() })

const OutputRow = z.object({
  output: z.string(),
  batches: z.number(),
  events: z.number(),
  bytes: z.number(),
  oldest: z.number().optional(),
})

const Entry = z.object({
  stream: z.string(),
  number: z.number(),
  part: z.number(),
  count: z.number(),
  received: z.object({ from: z.number(), to: z.number() }),
  tally: z.array(z.tuple([z.string(), z.string(), z.number()])),
  /** base64; null when it can't be read. */
  body: z.string().nullable(),
})

/**
 * The control method `buffer` of a running sluice, over what waits on its disk: without an output a row for each; with
 * one its batches, each read as the caller takes it.
 */
export function bufferMethod(disk: DiskBuffer): ControlMethod {
  return async function* (params: unknown) {
    const { output } = Params.parse(params)
    if (output === undefined) {
      for (const name of disk.outputs()) yield { output: name, ...(await disk.depth(name)) }
      return
    }
    for await (const { key, batch } of disk.inspect(output)) {
      const body = batch === undefined ? null : Buffer.from(batch.body).toString('base64')
      yield { ...key, tally: batch?.tally ?? [], body } satisfies z.infer<typeof Entry>
    }
  }
}

/** The directory of a sluice that runs, seen through its control socket: it can be looked at, and not changed. */
export class RunningView implements BufferView {
  readonly name: string
  readonly remark: string
  readonly #data: string

  constructor(data: string, path: string) {
    this.name = path
    this.#data = data
    this.remark = `${path} belongs to the running sluice of ${data}: what waits there is read, not changed`
  }

  async outputs(): Promise<string[]> {
    return (await this.#rows()).map(({ output }) => output).sort()
  }

  async depth(output: string): Promise<Depth> {
    const row = (await this.#rows()).find((row) => row.output === output)
    if (!row) return { batches: 0, events: 0, bytes: 0 }
    const { batches, events, bytes, oldest } = row
    return { batches, events, bytes, ...(oldest !== undefined && { oldest }) }
  }

  async notes(): Promise<string[]> {
    return []
  }

  async *waiting(output: string): AsyncGenerator<Waiting> {
    for await (const value of callControl(this.#data, 'buffer', { output })) {
      const { body, ...entry } = Entry.parse(value)
      const batch = body === null ? undefined : { ...entry, output, body: Buffer.from(body, 'base64') }
      yield {
        what: describe(entry),
        batch,
        takeOut: async () => false,
        setAside: async () => 'its place: the running sluice sets it aside when its turn comes',
      }
    }
  }

  async put(_batch: Batch): Promise<void> {
    throw new UserError(this.remark)
  }

  async close(): Promise<void> {}

  async #rows(): Promise<z.infer<typeof OutputRow>[]> {
    const rows: z.infer<typeof OutputRow>[] = []
    for await (const row of callControl(this.#data, 'buffer', {})) rows.push(OutputRow.parse(row))
    return rows
  }
}

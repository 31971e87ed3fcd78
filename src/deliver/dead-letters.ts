import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Batch, Outcome } from '../buffer/buffer.ts'
import { eventsOf } from './bulk-lines.ts'

/**
 * Events that an output refused for good, kept as JSON lines in `<dir>/<output>.ndjson`: when, which batch, why, and the
 * event as it was sent. Synced before the batch is settled, so that a crash can only write one twice.
 */
export class DeadLetters {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  async keep(batch: Batch, outcome: Outcome): Promise<void> {
    const reasons = new Map<number, string>()
    for (const [index, verdict, reason] of outcome.exceptions) if (verdict === 'dead') reasons.set(index, reason)
    if (reasons.size === 0) return
    const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength)
    const letters: string[] = []
    let index = 0
    for (const { actionStart, documentStart, documentEnd } of eventsOf(body)) {
      const reason = reasons.get(index++)
      if (reason === undefined) continue
      letters.push(
        `${JSON.stringify({
          time: new Date().toISOString(),
          output: batch.output,
          batch: `${batch.stream}/${batch.number}/${batch.part}`,
          reason,
          action: body.toString('utf8', actionStart, documentStart - 1),
          event: body.toString('utf8', documentStart, documentEnd),
        })}\n`,
      )
    }
    await mkdir(this.#dir, { recursive: true })
    const file = await open(join(this.#dir, `${batch.output}.ndjson`), 'a', 0o640)
    try {
      await file.appendFile(letters.join(''))
      await file.datasync()
    } finally {
      await file.close()
    }
  }
}

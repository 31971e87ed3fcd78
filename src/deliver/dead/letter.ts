import { z } from 'zod'
import type { Batch, Outcome } from '../../buffer/buffer.ts'
import { eventsOf } from '../bulk-lines.ts'

const letter = z.object({
  /** `stream/number/part/place`: the same when the batch comes again, so that a letter written twice is one. */
  key: z.string(),
  /** When the output refused it. */
  time: z.string(),
  output: z.string(),
  /** The index that it was meant for; null where its action line names none. */
  index: z.string().nullable(),
  /** The event's own id. */
  id: z.string(),
  reason: z.string(),
  /** How often the output has given an answer about this event, as far as this process knows. */
  tries: z.number(),
  /** Both lines as they were sent. */
  action: z.string(),
  event: z.string(),
})

/** An event that an output refused for good, with the reason: one JSON line of a file. */
export type DeadLetter = z.infer<typeof letter>

const action = z.record(z.string(), z.object({ _index: z.string().optional(), _id: z.string().optional() }))

/** What is read at the start, where letters' texts are of no interest; it stands within the first bytes. */
export const KEY_BYTES = 100
const KEY = /^\{"key":"([^"\\]+)"/

/** The letters that an outcome asks for, with their place in the batch. */
export function lettersOf(
  batch: Batch,
  outcome: Outcome,
  now: Date,
  putOff: number,
): [place: number, letter: DeadLetter][] {
  const reasons = new Map<number, string>()
  for (const [place, verdict, reason] of outcome.exceptions) if (verdict === 'dead') reasons.set(place, reason)
  const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength)
  const { stream, number, part, output } = batch
  const letters: [number, DeadLetter][] = []
  let place = 0
  for (const { actionStart, documentStart, documentEnd } of eventsOf(body)) {
    const at = place++
    const reason = reasons.get(at)
    if (reason === undefined) continue
    const text = body.toString('utf8', actionStart, documentStart - 1)
    const key = `${stream}/${number}/${part}/${at}`
    const { _index: index = null, _id: id = key } = targetOf(text)
    const event = body.toString('utf8', documentStart, documentEnd)
    const tries = part + putOff + 1
    const letter = { key, time: now.toISOString(), output, index, id, reason, tries, action: text, event }
    letters.push([at, letter])
  }
  return letters
}

function targetOf(text: string): { _index?: string | undefined; _id?: string | undefined } {
  try {
    return Object.values(action.parse(JSON.parse(text)))[0] ?? {}
  } catch {
    return {}
  }
}

export function letterLine(letter: DeadLetter): string {
  return `${JSON.stringify(letter)}\n`
}

/** Undefined when the line is no letter: cut by a crash, or damaged. */
export function parseLetter(line: string): DeadLetter | undefined {
  try {
    return letter.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** The key of a letter's line, found without reading the rest. */
export function keyOf(line: string): string | undefined {
  return KEY.exec(line)?.[1]
}

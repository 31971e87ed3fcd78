import { z } from 'zod'
import type { DeadLetter } from './letter.ts'

export const selection = z.object({
  output: z.string().optional(),
  /** A part of the reason, in any case. */
  reason: z.string().optional(),
  /** An event's id, or a letter's key. */
  id: z.string().optional(),
  /** ms since the epoch */
  since: z.number().optional(),
  /** At most so many letters, the oldest first. */
  limit: z.int().min(1).optional(),
})

/** Which dead letters are meant. */
export type Selection = z.infer<typeof selection>

export function isSelected(letter: DeadLetter, { output, reason, id, since }: Selection): boolean {
  return (
    (output === undefined || letter.output === output) &&
    (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
    (id === undefined || letter.id === id || letter.key === id) &&
    (since === undefined || Date.parse(letter.time) >= since)
  )
}

import { z } from 'zod'

/** What can be asked and what is answered; used by both ends of the control socket, so nothing here loads DuckDB. */

export const TOP_FIELDS = ['host', 'program', 'level', 'dataset', 'route'] as const
export type TopField = (typeof TOP_FIELDS)[number]

/** More bars than anybody can look at; a histogram that would have more is refused. */
export const MAX_BUCKETS = 10_000

const words = z.array(z.string().max(1000)).min(1).max(100).optional()

const filter = {
  /** See text.ts. */
  text: z.string().max(4096).optional(),
  /** ms since the epoch; `from` inclusive, `to` exclusive. */
  from: z.number().min(-62e12).max(253e12).optional(),
  to: z.number().min(-62e12).max(253e12).optional(),
  host: words,
  program: words,
  dataset: words,
  route: words,
  /** See levels.ts. */
  level: z.string().max(100).optional(),
}

export const question = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('events'),
    ...filter,
    order: z.enum(['newest', 'oldest']).default('newest'),
    limit: z.int().min(1).max(1_000_000).default(100),
    /** The whole event with each hit. Dearer: documents have to be unpacked, by the thousand, wherever there is a hit. */
    doc: z.boolean().default(true),
  }),
  /** `interval` in ms. */
  z.strictObject({ kind: z.literal('histogram'), ...filter, interval: z.int().min(1) }),
  z.strictObject({
    kind: z.literal('top'),
    ...filter,
    field: z.enum(TOP_FIELDS),
    n: z.int().min(1).max(1_000_000).default(10),
  }),
])

export type Question = z.input<typeof question>

/** An event found. `time` in ms since the epoch; `doc` is the event, byte by byte as it was delivered; empty when not asked for. */
export const hit = z.object({
  id: z.string(),
  time: z.number(),
  host: z.string().nullable(),
  program: z.string().nullable(),
  level: z.string().nullable(),
  dataset: z.string().nullable(),
  route: z.string().nullable(),
  message: z.string().nullable(),
  doc: z.string(),
})

export type Hit = z.infer<typeof hit>

/** A row of a histogram (`time`: start of the interval, ms) or of a top list (`value`; null: events without it). */
export const count = z.object({ time: z.number().optional(), value: z.string().nullish(), events: z.number() })

export type Count = z.infer<typeof count>

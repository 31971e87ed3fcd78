import { z } from 'zod'
import type { PatternCounts } from './pattern-counters.ts'

/** What patterns did, as a running sluice tells it. Apart from the counters: a lane has no use for zod, and 9 MB less so. */
export const patternCounts: z.ZodType<PatternCounts[]> = z.array(
  z.object({ name: z.string(), tried: z.number(), matched: z.number(), time: z.number(), timedOut: z.number() }),
)

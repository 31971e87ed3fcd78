import { z } from 'zod'
import { archivePath } from '../archive/config.ts'
import { name } from '../config/fields.ts'
import { compileFilter } from './filter.ts'
import { FilterError } from './filter-error.ts'

/** One filter. Whether the filters exist that `filter(name)` speaks of shows only when the whole config is known. */
export const filterConfig = z.string().superRefine((filter, context) => {
  try {
    compileFilter(filter, () => () => true)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    const { line, column, problem } = error
    context.addIssue({ code: 'custom', message: problem, params: { line, column } })
  }
})

/** Filters by name. */
export const filtersConfig = z
  .record(name(), filterConfig)
  .default({})
  .describe("filters with a name, for use in other filters: `filter(f_net)`; the language is syslog-ng's")

/** One route. */
export const routeConfig = z
  .strictObject({
    name: name()
      .refine((name) => name !== 'unrouted', '"unrouted" is what lines without a route are called; wanted another name')
      .describe('what the ledger calls it'),
    filter: filterConfig.optional().describe("which lines it takes, in syslog-ng's filter language. Absent: all"),
    service: z
      .string()
      .min(1)
      .optional()
      .describe('what the archive and the event call the service. Absent: the program'),
    datasets: z
      .array(z.string().min(1))
      .optional()
      .describe(
        'names of the datasets that these lines are tried on, in this order, whatever programs the datasets are for; `[]`: none. Absent: those of the program',
      ),
    archive: z
      .union([archivePath, z.literal(false)])
      .optional()
      .describe("path template for these lines, or `false`. Absent: the config's `archive`; with `continue`, nothing"),
    deliver: z
      .union([z.array(name()), z.literal(false)])
      .optional()
      .describe('names of the outputs, or `false`. Absent: all; with `continue`, none'),
    drop: z.boolean().default(false).describe('drop these lines, counted under the name of the route'),
    continue: z
      .boolean()
      .default(false)
      .describe('go on with the next route, adding what this one names. Otherwise the first match is the last'),
  })
  .superRefine((route, context) => {
    for (const key of ['service', 'datasets', 'archive', 'deliver'] as const)
      if (route.drop && route[key] !== undefined)
        context.addIssue({ code: 'custom', path: [key], message: `a route with drop: true has no use for ${key}` })
    if (route.drop && route.continue)
      context.addIssue({ code: 'custom', path: ['continue'], message: 'wanted either drop or continue, got both' })
  })

import { z } from 'zod'
import { name } from '../../config/fields.ts'
import { withId } from '../file/config.ts'
import { DAY_INDEX } from '../ndjson.ts'

/** The standard output of `sluice run`. */
export const stdoutConfig = z
  .strictObject({
    name: name().default('stdout').describe('what routes and the ledger call this output'),
    stdout: z
      .strictObject({ id: withId })
      .describe('the standard output of `sluice run`: JSON, one event a line; everything else goes to stderr'),
  })
  .transform(({ name, stdout }) => ({ kind: 'stdout' as const, name, index: DAY_INDEX, ...stdout }))

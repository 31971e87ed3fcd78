import { z } from 'zod'
import { name } from '../../config/fields.ts'
import { size } from '../../config/units.ts'

/** The embedded store. */
export const storeConfig = z
  .strictObject({
    name: name().default('store').describe('what routes and the ledger call this output'),
    store: z
      .strictObject({
        path: z
          .string()
          .min(1)
          .default('store')
          .describe('directory of the database; a relative one stands under `data`'),
        memory: size('64mb').prefault('256mb').describe('what DuckDB may use'),
        retention: z
          .strictObject({
            days: z.int().min(1).optional().describe('days kept. Absent: not bounded by time'),
            size: size('64mb')
              .optional()
              .describe('what the files may take, oldest days go first. Absent: not bounded by size'),
          })
          .prefault({ days: 7, size: '10gb' })
          .describe('when old days are removed'),
      })
      .describe('DuckDB and Parquet files on this machine; `{}` takes the defaults'),
  })
  .transform(({ name, store }) => ({ kind: 'store' as const, name, ...store }))

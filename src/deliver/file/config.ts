import { z } from 'zod'
import { name, text } from '../../config/fields.ts'
import { DAY_INDEX } from '../ndjson.ts'

/** Shared with `stdout`. */
export const withId = z
  .boolean()
  .default(false)
  .describe("write the event's id as the member `_id`, to tell an event that was written twice after a crash")

const path = text(
  'a path, in which %Y, %m and %d stand for the date',
  (path) => path !== '' && !/%[^Ymd%]|%$/.test(path.replaceAll('%%', '')),
)

/** Files of JSON lines. */
export const fileConfig = z
  .strictObject({
    name: name().default('file').describe('what routes and the ledger call this output'),
    file: z
      .strictObject({
        path: path.describe(
          "file, such as `/var/log/events-%Y.%m.%d.ndjson`: `%Y`, `%m` and `%d` are those of the event's own day in UTC; a relative one stands under `data`",
        ),
        id: withId,
      })
      .describe('files of JSON, one event a line, for other programs'),
  })
  .transform(({ name, file }) => ({ kind: 'file' as const, name, index: DAY_INDEX, ...file }))

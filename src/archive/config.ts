import { z } from 'zod'
import { camel } from '../config/fields.ts'
import { UserError } from '../errors.ts'
import { compileTemplate } from './template.ts'

/** Path template of an archive file. */
export const archivePath = z
  .string()
  .superRefine((path, context) => {
    try {
      compileTemplate(path)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
    }
  })
  .describe('path template, such as `archive/${host}/${service}.log`; a relative one stands under `data`')

const bounds = {
  open_files: z
    .int()
    .min(1)
    .max(100_000)
    .default(512)
    .describe('files held open at once; the least recently used is closed'),
  new_per_minute: z
    .int()
    .min(1)
    .default(600)
    .describe('new files and directories a minute; what is over it goes to `_overflow.log`, and is counted'),
}

/** The tree of plain log files; false: none. */
export const archiveConfig = z
  .union([archivePath, z.strictObject({ path: archivePath, ...bounds }), z.literal(false)])
  .default(false)
  .transform((archive) => {
    if (archive === false) return false as const
    const { path, ...rest } = typeof archive === 'string' ? { path: archive, ...z.object(bounds).parse({}) } : archive
    return { path, ...camel(rest) }
  })
  .describe('where lines are kept as plain files: a path template, the same with bounds, or `false`')

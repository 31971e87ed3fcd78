import { z } from 'zod'
import { messageOf } from '../../ledger/files.ts'
import { parseRedisUrl } from './url.ts'

/** The address of a Redis, in one of the forms of url.ts. */
export const redisUrl = z.string().superRefine((url, context) => {
  try {
    parseRedisUrl(url)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
  }
})

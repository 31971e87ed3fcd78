import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { severitiesOf } from './levels.ts'
import { type Count, type Hit, question } from './question.ts'
import type { Store } from './store.ts'

/** Answers a question from outside, row by row. Throws UserError for a wrong one. */
export async function* answerQuery(store: Store, params: unknown): AsyncGenerator<Hit | Count> {
  const parsed = question.safeParse(params)
  if (!parsed.success) throw new UserError(`query: ${z.prettifyError(parsed.error)}`, 2)
  const { level, ...asked } = parsed.data
  const severity = level === undefined ? undefined : severitiesOf(level)
  if (asked.kind === 'events') yield* store.query({ ...asked, severity })
  else if (asked.kind === 'histogram') yield* store.histogram({ ...asked, severity })
  else yield* store.top({ ...asked, severity })
}

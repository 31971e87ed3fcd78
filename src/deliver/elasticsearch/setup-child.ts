/** The process that makes an output's templates (setup-apart.ts): one message in, one out. */
import { messageOf } from '../../ledger/files.ts'
import type { Question } from './setup-apart.ts'
import { templatesFor } from './setup-templates.ts'

process.once('message', ({ fields, output }: Question) => {
  try {
    process.send?.({ sets: templatesFor(fields, output) })
  } catch (error) {
    process.send?.({ reason: messageOf(error) })
  }
  process.disconnect?.()
})

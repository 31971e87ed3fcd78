import { z } from 'zod'
import type { Config } from '../config/schema.ts'
import type { DeadReplay, Taken } from '../deliver/dead/replay.ts'
import { selection } from '../deliver/dead/selection.ts'
import { openAccounts } from './accounts.ts'
import type { Logger } from './log.ts'

const request = z.object({ how: z.enum(['replay', 'discard']), wanted: selection })

/** What `sluice dead replay` and `discard` ask for. */
export type DeadRequest = z.infer<typeof request>

/** The running process's answer: how many letters of each output were taken out. */
export function answerDead(replay: DeadReplay, params: unknown): AsyncGenerator<Taken> {
  const { how, wanted } = request.parse(params)
  return how === 'replay' ? replay.replay(wanted) : replay.discard(wanted)
}

/** The same while no process runs with that data directory: what is replayed waits in the buffer for the next start. */
export async function* deadOffline(config: Config, log: Logger, params: DeadRequest): AsyncGenerator<Taken> {
  const accounts = await openAccounts(config, log)
  try {
    yield* answerDead(accounts.replay, params)
  } finally {
    await accounts.close()
  }
}

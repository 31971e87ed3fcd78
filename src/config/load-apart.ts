import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { UserError } from '../errors.ts'
import type { LoadedConfig } from '../lane/from-config.ts'
import type { Overrides } from './load.ts'

/** What crosses to the thread, and back. */
export interface Question {
  file: string | undefined
  overrides: Overrides
}
export type Answer = LoadedConfig | { message: string; exitCode: UserError['exitCode'] }

/**
 * Reads and checks a config file and its datasets on a thread that ends, for who stays: the schemas and what they were
 * checked with are 6 MB.
 * @throws UserError (78) as `loadConfig` and `datasetsOf`
 */
export async function loadApart(file: string | undefined, overrides: Overrides): Promise<LoadedConfig> {
  const workerData: Question = { file, overrides }
  const worker = new Worker(new URL('./apart-thread.ts', import.meta.url), { workerData })
  const [answer]: Answer[] = await once(worker, 'message')
  if ('message' in answer) throw new UserError(answer.message, answer.exitCode)
  return answer
}

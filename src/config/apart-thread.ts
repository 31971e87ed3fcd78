/** The thread of load-apart.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { datasetsOf } from '../dataset/of-config.ts'
import { UserError } from '../errors.ts'
import { loadConfig } from './load.ts'
import type { Answer, Question } from './load-apart.ts'

async function read({ file, overrides }: Question): Promise<Answer> {
  try {
    const config = await loadConfig(file, overrides)
    // Shippers parse no lines.
    return { config, datasets: config.receive.length > 0 ? datasetsOf(config) : null }
  } catch (error) {
    if (error instanceof UserError) return { message: error.message, exitCode: error.exitCode }
    throw error
  }
}

parentPort?.postMessage(await read(workerData))

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Fields } from './setup-templates.ts'
import { type TemplateSet, templateSet, type Wanted } from './template.ts'

export interface Question {
  fields: Fields
  output: Wanted
}

const CHILD = fileURLToPath(new URL('./setup-child.ts', import.meta.url))
const Answer = z.object({ sets: z.array(templateSet).optional(), reason: z.string().default('no answer') })

/**
 * As `templatesFor`, in a process of its own: of what it takes to compile all datasets, a shipper would keep 40 MB for as
 * long as it runs (RSS two seconds later; with a thread 62 MB).
 */
export async function templatesApart(config: Fields, output: Wanted, signal: AbortSignal): Promise<TemplateSet[]> {
  const { datasets, patterns, shape } = config
  const { index, isDataStream, replicas, shards, refresh, codec, logsdb, retention, deadIndex } = output
  const child = fork(CHILD, { signal, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const question: Question = {
    fields: { datasets, patterns, shape },
    output: { index, isDataStream, replicas, shards, refresh, codec, logsdb, retention, deadIndex },
  }
  const exit = once(child, 'exit')
  const message = once(child, 'message')
  message.catch(() => {})
  child.send(question)
  const [answer]: unknown[] = await Promise.race([message, exit])
  await exit
  const { sets, reason } = Answer.safeParse(answer).data ?? { reason: `the process ended with ${String(answer)}` }
  if (sets === undefined) throw new Error(reason)
  return sets
}

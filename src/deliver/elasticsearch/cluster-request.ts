import type { Client } from '@elastic/elasticsearch'
import type { z } from 'zod'
import { CLUSTER_TIMEOUT } from './client.ts'

/** Whom to ask, and until when. */
export interface Asked {
  client: Client
  signal?: AbortSignal
}

export interface Question {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With its query, which holds no strangers' text. */
  path: string
  body?: object
  /** Statuses that are an answer like any other. */
  expected?: number[]
  millis?: number
}

/** Asks the cluster, and checks the answer. Rejects with the client's errors (failure.ts), or zod's for a strange answer. */
export async function ask<T>({ client, signal }: Asked, question: Question, schema: z.ZodType<T>): Promise<T> {
  const { method = 'GET', path, body, expected = [], millis } = question
  const [route = '', query] = path.split('?')
  const answer: unknown = await client.transport.request(
    {
      method,
      path: route,
      ...(query !== undefined && { querystring: Object.fromEntries(new URLSearchParams(query)) }),
      ...(body !== undefined && { body }),
    },
    { ignore: expected, ...(signal && { signal }), ...(millis !== undefined && { requestTimeout: millis }) },
  )
  return schema.parse(answer)
}

/** For requests that change what the whole cluster knows: its master has to agree. */
export const MASTER = `master_timeout=${CLUSTER_TIMEOUT}`

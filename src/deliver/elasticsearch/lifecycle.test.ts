import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { openClient } from './client.ts'
import { elasticsearchConfig } from './config.ts'
import { Lifecycle, type LifecycleHappening } from './lifecycle.ts'
import { templatesOf } from './template.ts'

type Answer = { status: number; body?: unknown } | 'silence'

/** A lifecycle in front of a cluster that answers as told, by method and path. */
async function lifecycleOf(answer: (request: string) => Answer, options: Record<string, unknown> = {}) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const name = `${request.method} ${request.url?.split('?')[0]}`
    requests.push(name)
    const said = answer(name)
    if (said === 'silence') return
    response.setHeader('x-elastic-product', 'Elasticsearch')
    response.setHeader('content-type', 'application/json')
    response.writeHead(said.status).end(JSON.stringify(said.body ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const section = { nodes: [`http://127.0.0.1:${port}`], dead_index: false, ...options }
  const config = elasticsearchConfig.parse({ elasticsearch: section })
  const client = await openClient(config)
  const happenings: LifecycleHappening[] = []
  const lifecycle = new Lifecycle({
    client,
    config,
    templates: async () => templatesOf(config, { message: 'text' }, 'ecs'),
    oldest: async () => undefined,
    onHappening: (happening) => happenings.push(happening),
  })
  return {
    lifecycle,
    requests,
    happenings,
    async [Symbol.asyncDispose]() {
      await lifecycle.close()
      await client.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

const EMPTY = (request: string): Answer =>
  request.startsWith('PUT')
    ? { status: 200, body: { acknowledged: true } }
    : { status: request === 'GET /_index_template' ? 200 : 404 }

test('events may go as soon as the templates are written, and it is done once', async () => {
  await using cluster = await lifecycleOf(EMPTY)
  await cluster.lifecycle.ready()
  await cluster.lifecycle.ready()
  expect(cluster.requests.filter((request) => request.startsWith('PUT'))).toEqual([
    'PUT /_component_template/sluice-syslog-yyyy.mm.dd-events',
    'PUT /_index_template/sluice-syslog-yyyy.mm.dd',
  ])
})

test('a key that may not write templates is told, with what to do; each call tries again', async () => {
  let isAllowed = false
  const refusal = { status: 403, body: { error: { type: 'security_exception', reason: 'not yours' }, status: 403 } }
  await using cluster = await lifecycleOf((request) => (isAllowed ? EMPTY(request) : refusal))
  await expect(cluster.lifecycle.ready()).rejects.toThrow('security_exception: not yours (`setup: false` does without)')
  isAllowed = true
  await expect(cluster.lifecycle.ready()).resolves.toBeUndefined()
})

test('with `setup: false` nothing is asked', async () => {
  await using cluster = await lifecycleOf(EMPTY, { setup: false })
  await cluster.lifecycle.ready()
  expect(cluster.requests).toEqual([])
})

test('a cluster that does not answer delays neither who waits nor the end', async () => {
  await using cluster = await lifecycleOf(() => 'silence', { retention: { days: 1 } })
  const abort = new AbortController()
  const ready = cluster.lifecycle.ready(abort.signal)
  abort.abort(new Error('enough'))
  await expect(ready).rejects.toThrow('enough')
  await cluster.lifecycle.close()
  expect(cluster.happenings).toEqual([])
})

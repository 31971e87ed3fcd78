import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Batch } from '../src/buffer/buffer.ts'
import { elasticsearchConfig } from '../src/deliver/elasticsearch/config.ts'
import { openElasticsearch } from '../src/deliver/elasticsearch/open.ts'
import { type Cluster, startCluster } from './support/elasticsearch.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ data: 1, settings: { 'http.max_content_length': '1mb' } })
}, 300_000)
afterAll(() => cluster?.stop())

const open = (options: Record<string, unknown> = {}) =>
  openElasticsearch(
    elasticsearchConfig.parse({ elasticsearch: { nodes: cluster.urls, setup: false, ...options } }),
    pino({ enabled: false }),
  )

let streams = 0

/** Batches of one stream, of events in their indices. */
function batchesOf(events: { index: string; document: Record<string, unknown> }[], size = 1000): Batch[] {
  const stream = (++streams).toString(16).padStart(16, '0')
  return Array.from({ length: Math.ceil(events.length / size) }, (_, at): Batch => {
    const some = events.slice(at * size, (at + 1) * size)
    const lines = some.map(({ index, document }, i) => {
      const action = { create: { _index: index, _id: `${stream}-${at * size + i}` } }
      return `${JSON.stringify(action)}\n${JSON.stringify(document)}\n`
    })
    const received = { from: Date.now(), to: Date.now() }
    const count = some.length
    return {
      ...{ stream, number: at + 1, part: 0, output: 'elasticsearch', count, body: Buffer.from(lines.join('')) },
      ...{ tally: [['unrouted', 'web1', count]], received },
    }
  })
}

async function countIn(index: string): Promise<number> {
  await cluster.call('POST', `/${index}/_refresh`)
  const answer = await cluster.call('GET', `/${index}/_count`)
  return typeof answer === 'object' && answer !== null && 'count' in answer ? Number(answer.count) : Number.NaN
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)

test('of 10,000 events ten with a mapping conflict and one that is too large: all others are taken', async () => {
  await cluster.call('PUT', '/poison', { mappings: { properties: { n: { type: 'long' } } } })
  const events = Array.from({ length: 10_000 }, (_, i) => ({
    index: 'poison',
    document: { n: i % 1000 === 7 ? 'no number' : i, text: 'x'.repeat(i === 5500 ? 2_000_000 : 200) },
  }))
  await using output = await opened()
  const batches = batchesOf(events)
  const outcomes = await output.deliver(batches)
  expect(sum(outcomes.map(({ done }) => done))).toBe(9989)
  const dead = outcomes.flatMap(({ exceptions }, at) => exceptions.map((exception) => [at, ...exception]))
  expect(dead.map(([at, index, verdict]) => [at, index, verdict])).toEqual([
    ...[0, 1, 2, 3, 4].map((at) => [at, 7, 'dead']),
    ...[
      [5, 7, 'dead'],
      [5, 500, 'dead'],
    ],
    ...[6, 7, 8, 9].map((at) => [at, 7, 'dead']),
  ])
  expect(dead[0]?.[3]).toMatch(/^document_parsing_exception: .*failed to parse field \[n\]/)
  expect(dead[6]?.[3]).toContain('413')
  expect(await countIn('poison')).toBe(9989)

  const again = await output.deliver(batches)
  expect(sum(again.map(({ duplicate }) => duplicate))).toBe(9989)
  expect(await countIn('poison')).toBe(9989)
})

async function opened(options: Record<string, unknown> = {}) {
  const output = await open(options)
  return Object.assign(output, { [Symbol.asyncDispose]: () => output.close() })
}

test('a full disk stops the output and tells why; an index that is closed holds its own events', async () => {
  await using output = await opened()
  const batches = batchesOf(['full', 'closed', 'fine'].map((index) => ({ index, document: { n: 1 } })))
  expect(await output.deliver(batches)).toMatchObject([{ done: 3 }])

  await cluster.call('POST', '/closed/_close')
  const more = batchesOf(['full', 'closed', 'fine'].map((index) => ({ index, document: { n: 2 } })))
  expect(await output.deliver(more)).toMatchObject([
    { done: 2, exceptions: [[1, 'blocked', 'index_closed_exception: closed']] },
  ])
  expect(output.trouble).toBe('events of index closed wait: index_closed_exception: closed')

  await cluster.call('PUT', '/full/_settings', { 'index.blocks.read_only_allow_delete': true })
  await expect(output.deliver(batchesOf([{ index: 'full', document: { n: 3 } }]))).rejects.toThrow('flood-stage')
  await expect(output.deliver(batchesOf([{ index: 'fine', document: { n: 3 } }]))).rejects.toThrow('flood-stage')
})

test('gzip', async () => {
  await using output = await opened({ gzip: true })
  const events = Array.from({ length: 3000 }, (_, n) => ({ index: 'packed', document: { n } }))
  expect(sum((await output.deliver(batchesOf(events))).map(({ done }) => done))).toBe(3000)
  expect(await countIn('packed')).toBe(3000)
})

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Batch } from '../../buffer/buffer.ts'
import { free, isFreed } from '../../buffer/free.ts'
import { restOf } from '../bulk-lines.ts'
import { batchOf, fakeCluster, type Said, type Script } from './fake-cluster.ts'

const takesAll: Script = (events) => events.map(() => 201)
const plain = (number: number, count: number, index = 'i') =>
  batchOf(
    number,
    Array.from({ length: count }, (_, i): [string, string] => [index, `event ${i}`]),
  )

afterEach(() => {
  vi.useRealTimers()
})

describe('what becomes of events', () => {
  test('batches go out together, and each has its outcome', async () => {
    await using cluster = await fakeCluster(takesAll)
    expect(await cluster.output.deliver([plain(1, 3), plain(2, 2)])).toEqual([
      { done: 3, duplicate: 0, exceptions: [] },
      { done: 2, duplicate: 0, exceptions: [] },
    ])
    expect(cluster.requests.map((events) => events.length)).toEqual([5])
  })

  test('each by itself: taken, there already, refused, to be tried again, kept elsewhere', async () => {
    const said: Said[] = [
      201,
      { status: 409, type: 'version_conflict_engine_exception' },
      { status: 400, type: 'document_parsing_exception', reason: 'no\u001b[31m number' },
      { status: 429, type: 'es_rejected_execution_exception' },
      { status: 201, failureStore: 'used' },
    ]
    await using cluster = await fakeCluster(() => said)
    const [outcome] = await cluster.output.deliver([plain(1, 5)])
    expect(outcome).toEqual({
      done: 1,
      duplicate: 1,
      exceptions: [
        [2, 'dead', 'document_parsing_exception: no [31m number'],
        [3, 'retry', 'es_rejected_execution_exception: so it is'],
        [4, 'dead', 'refused, and kept in the failure store of its data stream'],
      ],
    })
  })

  test('of an answer that does not fit the request nothing is settled', async () => {
    await using cluster = await fakeCluster(() => [201, 201])
    await expect(cluster.output.deliver([plain(1, 3)])).rejects.toThrow('wanted an answer for 3 events, got one for 2')
    cluster.says(() => ({ status: 200, body: { odd: true } }))
    await expect(cluster.output.deliver([plain(1, 3)])).rejects.toThrow('for 3 events, got one for 0')
  })

  test('no request is larger than it may be', async () => {
    let largest = 0
    await using cluster = await fakeCluster(
      (events, bytes) => {
        largest = Math.max(largest, bytes)
        return events.map(() => 201)
      },
      { size: 1000 },
    )
    const outcomes = await cluster.output.deliver([plain(1, 40), plain(2, 3)])
    expect(outcomes.map(({ done }) => done)).toEqual([40, 3])
    expect(largest).toBeLessThanOrEqual(1000)
  })

  test('gzip: the cluster gets the same bytes', async () => {
    await using cluster = await fakeCluster(takesAll, { gzip: true })
    await cluster.output.deliver([plain(1, 2)])
    expect(cluster.requests[0]?.[1]).toMatchObject({ index: 'i', document: '{"message":"event 1"}' })
  })
})

describe('requests that are refused as a whole', () => {
  test('too large: halved until the one event that is too large is alone', async () => {
    await using cluster = await fakeCluster((events, bytes) => (bytes > 300 ? { status: 413 } : events.map(() => 201)))
    const batch = batchOf(
      1,
      Array.from({ length: 16 }, (_, i) => ['i', i === 11 ? 'x'.repeat(400) : 'small']),
    )
    const [outcome] = await cluster.output.deliver([batch])
    expect(outcome).toEqual({ done: 15, duplicate: 0, exceptions: [[11, 'dead', 'answer 413']] })
  })

  test('unreadable: halved; the one event is dead, since the cluster takes the others', async () => {
    const malformed = { error: { type: 'illegal_argument_exception', reason: 'Malformed action/metadata line [3]' } }
    await using cluster = await fakeCluster((events) =>
      events.some(({ document }) => document.includes('odd'))
        ? { status: 400, body: malformed }
        : events.map(() => 201),
    )
    const batch = batchOf(1, [
      ['i', 'a'],
      ['i', 'odd'],
      ['i', 'b'],
    ])
    const [outcome] = await cluster.output.deliver([batch])
    expect(outcome).toMatchObject({ done: 2, exceptions: [[1, 'dead', expect.stringContaining('Malformed')]] })
    cluster.says(() => ({ status: 400, body: malformed }))
    await expect(cluster.output.deliver([plain(2, 3)])).rejects.toThrow('Malformed')
  })

  test('too many requests: what is sent alone is halved, and what fits is taken', async () => {
    await using cluster = await fakeCluster((events) => (events.length > 4 ? { status: 429 } : events.map(() => 201)))
    expect(await cluster.output.deliver([plain(1, 16)])).toMatchObject([{ done: 16, exceptions: [] }])
  })

  const oddIsRefused: Script = (events) =>
    events.some(({ index }) => index === 'odd') ? { status: 429 } : events.map(() => 201)
  const verdictsOf = async (
    { output }: Awaited<ReturnType<typeof fakeCluster>>,
    odd: Batch,
    times: number,
  ): Promise<(string | undefined)[]> => {
    const verdicts: (string | undefined)[] = []
    for (let i = 0; i < times; i++) {
      const [outcome] = await output.deliver([odd, plain(100 + i, 2)])
      verdicts.push(outcome?.exceptions[0]?.[1])
    }
    return verdicts
  }

  test('a lone event that fails ten times while smaller ones are taken is dead', async () => {
    await using cluster = await fakeCluster(oddIsRefused)
    const odd = batchOf(1, [['odd', 'x'.repeat(1000)]])
    expect(await verdictsOf(cluster, odd, 10)).toEqual([...Array(9).fill('retry'), 'dead'])
  })

  test('one that is no larger than those that are taken waits without end, and so do all while none is', async () => {
    await using cluster = await fakeCluster(oddIsRefused)
    expect(await verdictsOf(cluster, plain(1, 1, 'odd'), 25)).toEqual(Array(25).fill('retry'))
    cluster.says(() => ({ status: 429 }))
    const large = batchOf(2, [['i', 'x'.repeat(1000)]])
    for (let i = 0; i < 25; i++) await expect(cluster.output.deliver([large])).rejects.toThrow('answer 429')
    cluster.says(takesAll)
    expect(await cluster.output.deliver([large])).toMatchObject([{ done: 1 }])
  })

  test('events put off one by one wait without end', async () => {
    await using cluster = await fakeCluster((events) =>
      events.map(
        ({ index }): Said => (index === 'odd' ? { status: 429, type: 'es_rejected_execution_exception' } : 201),
      ),
    )
    expect(await verdictsOf(cluster, batchOf(1, [['odd', 'x'.repeat(1000)]]), 25)).toEqual(Array(25).fill('retry'))
  })

  test.each([
    ['no master', 503, 'cluster_block_exception', 'blocked by: [SERVICE_UNAVAILABLE/2/no master]'],
    ['the cluster read-only', 403, 'cluster_block_exception', 'blocked by: [FORBIDDEN/6/cluster read-only (api)]'],
    ['a wrong password', 401, 'security_exception', 'unable to authenticate user [elastic]'],
  ])('%s: the reason is told, and nothing is sent for a while', async (_, status, type, reason) => {
    await using cluster = await fakeCluster(() => ({ status, body: { error: { type, reason } } }))
    await expect(cluster.output.deliver([plain(1, 3)])).rejects.toThrow(reason)
    await expect(cluster.output.deliver([plain(1, 3)])).rejects.toThrow(reason)
    expect(cluster.requests).toHaveLength(1)
    cluster.says(takesAll)
    vi.useFakeTimers({ now: Date.now() + 6000, toFake: ['Date'] })
    expect(await cluster.output.deliver([plain(1, 3)])).toMatchObject([{ done: 3 }])
  })

  test('a cluster that is not there, and one that is back', async () => {
    await using cluster = await fakeCluster(takesAll)
    await cluster.close()
    for (let i = 0; i < 3; i++) await expect(cluster.output.deliver([plain(1, 3)])).rejects.toThrow('ECONNREFUSED')
    await cluster.listen()
    expect(await cluster.output.deliver([plain(1, 3)])).toMatchObject([{ done: 3 }])
  })

  test('a stop ends a request that is under way', async () => {
    const stop = new AbortController()
    await using cluster = await fakeCluster(() => {
      stop.abort()
      return 'nothing'
    })
    await expect(cluster.output.deliver([plain(1, 3)], stop.signal)).rejects.toThrow('aborted')
  })

  test('a connection that ends within a request: the same again, and the same events are told apart by their ids', async () => {
    const seen = new Set<string>()
    let isFirst = true
    await using cluster = await fakeCluster((events) => {
      const said = events.map(
        ({ id }): Said => (seen.has(id) ? { status: 409, type: 'version_conflict_engine_exception' } : 201),
      )
      for (const { id } of events) seen.add(id)
      if (!isFirst) return said
      isFirst = false
      return 'cut'
    })
    expect(await cluster.output.deliver([plain(1, 4)])).toEqual([{ done: 0, duplicate: 4, exceptions: [] }])
  })
})

describe('the memory of requests', () => {
  test('a batch may be freed as soon as its request is on its way, also when another node has to be tried', async () => {
    const batch = plain(1, 3)
    const answers: ReturnType<Script>[] = [{ status: 502 }, [201, 201, 201]]
    await using cluster = await fakeCluster(
      () => {
        free(batch.body)
        return answers.shift() ?? []
      },
      { nodes: ['127.0.0.1', 'localhost'] },
    )
    batch.body = Buffer.from(Uint8Array.from(batch.body).buffer)
    expect(await cluster.output.deliver([batch])).toMatchObject([{ done: 3 }])
    expect(cluster.requests[1]).toHaveLength(3)
    expect(cluster.requests[1]).toEqual(cluster.requests[0])
  })

  test('is given back, but not that of a request that failed', async () => {
    await using cluster = await fakeCluster(takesAll)
    const send = () => cluster.output.deliver([plain(1, 1)])
    const refused = () => expect(send()).rejects.toThrow()
    await send()
    await send()
    cluster.says(() => ({ status: 429 }))
    await refused()
    cluster.says(() => 'cut')
    await refused()
    cluster.says(takesAll)
    await send()
    await send()
    expect(cluster.bodies.map(isFreed)).toEqual([true, true, false, false, true, true])
  })
})

describe('an index that takes no events', () => {
  const readOnly: Said = { status: 403, type: 'cluster_block_exception', reason: 'index [old] blocked by: [read-only]' }
  const oldIsReadOnly: Script = (events) => events.map(({ index }) => (index === 'old' ? readOnly : 201))
  const mixed = batchOf(1, [
    ['old', 'a'],
    ['new', 'b'],
    ['old', 'c'],
    ['new', 'd'],
  ])

  test('holds its events alone; they are not sent again before a while is over', async () => {
    await using cluster = await fakeCluster(oldIsReadOnly)
    const [outcome] = await cluster.output.deliver([mixed])
    const reason = 'cluster_block_exception: index [old] blocked by: [read-only]'
    expect(outcome).toEqual({
      done: 2,
      duplicate: 0,
      exceptions: [
        [0, 'blocked', reason],
        [2, 'blocked', reason],
      ],
    })
    expect(cluster.output.trouble).toContain('events of index old wait')
    expect(cluster.happenings).toEqual([{ kind: 'held', index: 'old', reason }])

    const rest = restOf(mixed, [0, 2])
    const outcomes = await cluster.output.deliver([rest, plain(2, 2, 'new')])
    expect(outcomes).toMatchObject([
      {
        done: 0,
        exceptions: [
          [0, 'blocked', reason],
          [1, 'blocked', reason],
        ],
      },
      { done: 2 },
    ])
    expect(cluster.requests.at(-1)?.map(({ index }) => index)).toEqual(['new', 'new'])
    expect(await cluster.output.deliver([rest])).toMatchObject([{ done: 0, exceptions: [{}, {}] }])
    expect(cluster.requests).toHaveLength(2)
  })

  test('is tried again after a pause, by the events of one batch, and freed when it takes them', async () => {
    await using cluster = await fakeCluster(oldIsReadOnly)
    await cluster.output.deliver([mixed])
    vi.useFakeTimers({ now: Date.now() + 5000, toFake: ['Date'] })
    const rests = [restOf(mixed, [0, 2]), restOf({ ...mixed, number: 2 }, [0, 2])]
    await cluster.output.deliver(rests)
    expect(cluster.requests.at(-1)).toHaveLength(2)
    cluster.says(takesAll)
    vi.setSystemTime(Date.now() + 10_000)
    expect(await cluster.output.deliver(rests)).toMatchObject([{ done: 2 }, { done: 0 }])
    expect(cluster.output.trouble).toBeNull()
    expect(await cluster.output.deliver(rests.slice(1))).toMatchObject([{ done: 2 }])
    expect(cluster.happenings.at(-1)).toEqual({ kind: 'freed', index: 'old' })
  })
})

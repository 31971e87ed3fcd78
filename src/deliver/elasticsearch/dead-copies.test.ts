import { expect, test } from 'vitest'
import type { DeadLetter } from '../dead/letter.ts'
import { batchOf, fakeCluster, type Script } from './fake-cluster.ts'

const letter = (n: number, event = `{"n":${n}}`): DeadLetter => ({
  ...{ key: `aa/1/0/${n}`, time: '2026-11-23T08:00:00.000Z', output: 'elasticsearch', index: 'syslog-2013.12.03' },
  ...{ id: `aa-${n}`, reason: 'does not fit', tries: 1, action: '{"create":{}}', event },
})

async function until(holds: () => boolean) {
  const end = Date.now() + 15_000
  while (!holds()) {
    if (Date.now() > end) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const allTaken: Script = (events) => events.map(() => 201)

test('dead letters are copied into their index, by their keys', async () => {
  await using cluster = await fakeCluster(allTaken, { deadIndex: 'sluice-dead' })
  cluster.output.showDead([letter(1), letter(2, 'x'.repeat(300_000))])
  await until(() => cluster.requests.length === 1)
  const [copies = []] = cluster.requests
  expect(copies.map(({ index, id }) => [index, id])).toEqual([
    ['sluice-dead', 'aa/1/0/1'],
    ['sluice-dead', 'aa/1/0/2'],
  ])
  expect(JSON.parse(copies[0]?.document ?? '')).toEqual({ '@timestamp': '2026-11-23T08:00:00.000Z', ...letter(1) })
  expect(JSON.parse(copies[1]?.document ?? '').event).toHaveLength(100_000)
})

test('a cluster that does not take them is told of once, and stops nothing', async () => {
  await using cluster = await fakeCluster(() => ({ status: 503 }), { deadIndex: 'sluice-dead' })
  cluster.output.showDead([letter(1)])
  await until(() => cluster.happenings.length === 1)
  expect(cluster.happenings).toEqual([{ kind: 'not_copied', reason: expect.any(String) }])
  cluster.says(allTaken)
  const outcomes = await cluster.output.deliver([batchOf(1, [['syslog', 'fine']])])
  expect(outcomes).toEqual([{ done: 1, duplicate: 0, exceptions: [] }])
})

test('without such an index nothing is copied', async () => {
  await using cluster = await fakeCluster(allTaken)
  cluster.output.showDead([letter(1)])
  await cluster.output.deliver([batchOf(1, [['syslog', 'fine']])])
  expect(cluster.requests).toHaveLength(1)
})

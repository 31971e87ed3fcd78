import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentsOf } from './es-indexed.ts'
import { startCluster } from './support/elasticsearch.ts'
import { runCommand } from './support/programs.ts'
import { startRedis } from './support/redis.ts'
import { startSluice, until, workspace } from './support/sluice.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const EVENTS = 10_000
const MISFITS = 10
const PATIENCE = 120_000

/** One in a thousand does not fit the mapping, and one is larger than the cluster takes. */
function events(): string[] {
  const time = new Date().toISOString()
  return Array.from({ length: EVENTS }, (_, i) => {
    const pid = i % 1000 === 500 ? 'not a number' : i
    const message = i === 4321 ? 'x'.repeat(2 << 20) : `event ${i}`
    return JSON.stringify({ '@timestamp': time, message, host: { name: 'web1' }, process: { pid } })
  })
}

test('of 10,000 events 11 are poison: the others are indexed, these are dead letters until they are mended', async () => {
  await using cluster = await startCluster({ data: 1, settings: { 'http.max_content_length': '1mb' } })
  await using dir = await workspace()
  await using redis = await startRedis()
  await using sluice = await startSluice(
    dir.path,
    `
receive: [{ redis-list: logstash, servers: ["${redis.url}"] }]
archive: false
metrics: false
deliver: [{ elasticsearch: { nodes: ["${cluster.urls[0]}"], index: "poison-%Y.%m.%d", replicas: 0 } }]
`,
  )
  const output = async () => {
    const [found] = (await sluice.status()).outputs
    if (found === undefined) throw new Error('no output')
    return found
  }
  const settled = (dead: number) =>
    until(
      `all is settled, ${dead} are dead`,
      async () => {
        const found = await output()
        return found.delivered + found.duplicates + found.dead === EVENTS && found.dead === dead && found
      },
      PATIENCE,
    )
  const dead = (...args: string[]) => runCommand(process.execPath, [MAIN, 'dead', ...args, '--data', sluice.data], '')
  const indexed = async () => {
    await cluster.call('POST', '/poison-*/_refresh')
    return documentsOf(cluster, 'poison-*')
  }

  const all = events()
  for (let i = 0; i < EVENTS; i += 500) await redis.command('rpush', 'logstash', ...all.slice(i, i + 500))
  expect(await settled(MISFITS + 1)).toMatchObject({ received: EVENTS, lost: {}, closes: true })
  expect(await indexed()).toEqual({ events: EVENTS - MISFITS - 1, ids: EVENTS - MISFITS - 1 })

  const { stdout } = await dead('ls', '--json')
  const letters = stdout.trimEnd().split('\n')
  const reasons = letters.map((line) => String(JSON.parse(line).reason))
  expect(reasons.filter((reason) => /document_parsing_exception.*process\.pid/.test(reason))).toHaveLength(MISFITS)
  expect(reasons.filter((reason) => reason.includes('413'))).toHaveLength(1)
  expect(reasons).toHaveLength(MISFITS + 1)

  const [index] = Object.keys(Object(await cluster.call('GET', '/poison-*/_settings')))
  const pid = { type: 'long', ignore_malformed: true }
  await cluster.call('PUT', `/${index}/_mapping`, { properties: { process: { properties: { pid } } } })
  expect((await dead('replay', '--reason', 'document_parsing_exception')).code).toBe(0)
  await settled(1)
  await cluster.configure({ 'http.max_content_length': '10mb' })
  await cluster.restart(0)
  await cluster.green()
  expect((await dead('replay', '--all')).code).toBe(0)
  expect(await settled(0)).toMatchObject({ received: EVENTS, lost: {}, closes: true })
  expect(await indexed()).toEqual({ events: EVENTS, ids: EVENTS })
  expect((await dead('ls', '--json')).stdout).toBe('')
  expect(await sluice.stop()).toBe(0)
}, 600_000)

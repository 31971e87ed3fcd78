import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '@elastic/elasticsearch'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { datasetPaths, definitionOf, readDatasetFile, SHIPPED } from '../src/dataset/load.ts'
import { indexMapping } from '../src/dataset/mapping.ts'
import { SampleRunner } from '../src/dataset/samples.ts'
import { openClient } from '../src/deliver/elasticsearch/client.ts'
import { viewCluster } from '../src/deliver/elasticsearch/cluster.ts'
import { elasticsearchConfig } from '../src/deliver/elasticsearch/config.ts'
import { retentionPlan } from '../src/deliver/elasticsearch/retention.ts'
import { applySetup, planSetup } from '../src/deliver/elasticsearch/setup.ts'
import { patternOf, templatesOf } from '../src/deliver/elasticsearch/template.ts'
import type { EventShape } from '../src/deliver/elasticsearch/template-mapping.ts'
import { PatternLibrary } from '../src/grok/library.ts'
import { formatIndex } from '../src/lane/index-name.ts'
import { putInBuffer, startChild } from './lifecycle-support.ts'
import { type Cluster, startCluster } from './support/elasticsearch.ts'
import { runCommand } from './support/programs.ts'
import { startSluice, until, workspace } from './support/sluice.ts'

let cluster: Cluster
let client: Client
let dir: Awaited<ReturnType<typeof workspace>>

beforeAll(async () => {
  dir = await workspace()
  cluster = await startCluster({ data: 3, masters: 0 })
  client = await openClient(elasticsearchConfig.parse({ elasticsearch: { nodes: cluster.urls } }))
}, 300_000)
afterAll(async () => {
  await client?.close()
  await cluster?.stop()
  await dir?.[Symbol.asyncDispose]()
})

/** Runs a command with a config whose output has these options. */
async function sluice(args: string[], options: Record<string, unknown> = {}) {
  const file = join(dir.path, 'sluice.yaml')
  const section = { nodes: cluster.urls, ...options }
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ data: dir.path, datasets: false, deliver: [{ elasticsearch: section }] }))
  return runCommand(process.execPath, ['src/main.ts', ...args, '-c', file], '')
}

/** What a setup finds, and what it warns of; unless it is `dry` it is done. */
async function setup(options: Record<string, unknown>, { dry = false, shape = 'ecs' as EventShape, types = {} } = {}) {
  const config = elasticsearchConfig.parse({ elasticsearch: { nodes: cluster.urls, dead_index: false, ...options } })
  const plan = await planSetup({ client }, templatesOf(config, types, shape))
  if (!dry) await applySetup({ client }, plan)
  return { states: plan.steps.map(({ state }) => state), warnings: plan.warnings }
}

const dayBefore = (pattern: string, days: number) => formatIndex(pattern, Date.now() - days * 86_400_000)

async function indices(pattern: string): Promise<string[]> {
  const found = await cluster.call('GET', `/${patternOf(pattern)}?allow_no_indices=true`)
  return Object.keys(z.record(z.string(), z.unknown()).parse(found)).sort()
}

test('the commands: a dry run only tells, a setup writes once', async () => {
  const options = { index: 'once-%Y.%m.%d', dead_index: 'once-dead' }
  const dry = await sluice(['setup', '--dry-run'], options)
  expect(dry).toMatchObject({ code: 0, stderr: '' })
  expect(dry.stdout).toContain('PUT /_component_template/sluice-once-yyyy.mm.dd-events\n{\n')
  const written = await sluice(['setup'], options)
  expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining('sluice-once-yyyy.mm.dd: written\n') })
  const again = await sluice(['setup'], options)
  expect(again.stdout.match(/: is as it should be/g)).toHaveLength(3)
})

test('a changed config changes its own template, and the next index is made like that', async () => {
  const index = 'changed-%Y.%m.%d'
  expect(await setup({ index })).toMatchObject({ states: ['new', 'new'] })
  expect(await setup({ index, replicas: 1 })).toMatchObject({ states: ['changed', 'unchanged'] })
  expect(await setup({ index, replicas: 1 })).toMatchObject({ states: ['unchanged', 'unchanged'] })
  const mine = { template: { settings: { 'index.refresh_interval': '9s' } } }
  await cluster.call('PUT', '/_component_template/sluice-changed-yyyy.mm.dd@custom', mine)
  const name = dayBefore(index, 0)
  await cluster.call('PUT', `/${name}`)
  const settings = { number_of_replicas: '1', refresh_interval: '9s', codec: 'best_compression' }
  const mappings = { _meta: { managed_by: 'sluice', index } }
  expect(await cluster.call('GET', `/${name}`)).toMatchObject({ [name]: { mappings, settings: { index: settings } } })
})

test('setup leaves alone what sluice has not made, and what a newer one has', async () => {
  const index = 'taken-%Y.%m.%d'
  const theirs = { index_patterns: ['taken-2*'], priority: 7, _meta: { managed_by: 'someone' } }
  await cluster.call('PUT', '/_index_template/sluice-taken-yyyy.mm.dd', theirs)
  expect(await setup({ index })).toMatchObject({ states: ['withheld', 'foreign'] })
  const kept = await cluster.call('GET', '/_index_template/sluice-taken-yyyy.mm.dd')
  expect(kept).toMatchObject({ index_templates: [{ index_template: theirs }] })
  await expect(cluster.call('GET', '/_component_template/sluice-taken-*')).rejects.toThrow('404')
  for (const [_meta, state] of [
    [{ managed_by: 'sluice', index, version: '999.0.0', hash: 'x' }, 'newer'],
    [{ managed_by: 'sluice', index: 'taken-yyyy.mm.dd', version: '0.0.1', hash: 'x' }, 'foreign'],
    [{ managed_by: 'sluice', index, version: '0.0.1', hash: 'x' }, 'changed'],
  ] as const) {
    await cluster.call('PUT', '/_index_template/sluice-taken-yyyy.mm.dd', { ...theirs, _meta })
    expect((await setup({ index }, { dry: true })).states[1]).toBe(state)
  }
})

test('a template that goes before ours is named', async () => {
  await cluster.call('PUT', '/_index_template/greedy', { index_patterns: ['over*'], priority: 9000 })
  const { states, warnings } = await setup({ index: 'overruled-%Y.%m.%d' })
  expect(states).toEqual(['new', 'new'])
  expect(warnings).toEqual([expect.stringMatching(/"greedy" \(priority 9000\) goes before .* for overruled-\d/)])
})

test('a data stream is made from its template', async () => {
  await setup({ data_stream: 'logs-sluice-test', retention: { days: 7 }, logsdb: true })
  const written = await cluster.call('PUT', '/logs-sluice-test/_create/1', { '@timestamp': new Date().toISOString() })
  expect(written).toMatchObject({ _index: expect.stringMatching(/^\.ds-logs-sluice-test-/) })
})

test('the templates of both shapes take the events of every sample, and know all their fields', async () => {
  const files = datasetPaths([SHIPPED]).map((path) => ({ path, ...readDatasetFile(path, true).file }))
  const definitions = files.map(({ path, ...file }) => definitionOf(file, path))
  const types = indexMapping(definitions, PatternLibrary.load({ vocabulary: 'ecs' }))
  const runner = new SampleRunner({
    ...{
      stream: '0'.repeat(16),
      input: 'samples',
      shape: 'ecs',
      timezone: 'UTC',
      senders: [],
      routes: [],
      filters: {},
    },
    ...{ datasets: { definitions, patterns: [], guarded: false }, archive: null, outputs: [], credits: 1 },
    window: { back: 0, ahead: 0 },
  })
  const Answer = z.object({ items: z.array(z.object({ create: z.object({ error: z.unknown().optional() }) })) })
  for (const shape of ['ecs', 'logstash'] as const) {
    const index = `samples-${shape}`
    await setup({ index, replicas: 0 }, { shape, types })
    await cluster.call('PUT', `/${index}`)
    const before = await cluster.call('GET', `/${index}/_mapping`)
    const samples = files.flatMap((file) => file.samples ?? [])
    const events = samples.flatMap((sample) => runner.run({ ...sample, shape }).events)
    const bulk = events.map((event) => `{"create":{}}\n${JSON.stringify(event)}\n`).join('')
    const { items } = Answer.parse(await cluster.call('POST', `/${index}/_bulk`, bulk))
    expect(items.length).toBeGreaterThan(300)
    const refused = items.flatMap(({ create: { error } }, i) =>
      error === undefined ? [] : [{ error, event: events[i] }],
    )
    expect(refused).toEqual([])
    expect(await cluster.call('GET', `/${index}/_mapping`)).toEqual(before)
  }
})

test('a shipper installs its templates, and removes the oldest of its own days and nothing else', async () => {
  const index = 'kept-%Y.%m.%d'
  const rules = { days: 2 }
  const own = ownMapping(index)
  const days = [0, 1, 2, 3, 4].map((ago) => dayBefore(index, ago))
  for (const name of days) await cluster.call('PUT', `/${name}`, own)
  const others = [dayBefore(index, 9), dayBefore(index, 8), `${dayBefore(index, 7)}-copy.1.1`]
  await cluster.call('PUT', `/${others[0]}`, { mappings: { _meta: { version: 7 } } })
  await cluster.call('PUT', `/${others[1]}`, { mappings: { _meta: { managed_by: 'sluice', index: 'kept-*' } } })
  await cluster.call('PUT', `/${others[2]}`, own)
  const plan = await retentionPlan({ cluster: { client }, index, rules, now: Date.now() })
  expect(plan.gone.map(({ index }) => index.name)).toEqual([days[4], days[3]])
  expect(plan.unmarked.sort()).toEqual([others[0], others[1]])

  await using workdir = await workspace()
  // Of a second output an event waits since three days, for an index that takes none.
  const waited = 'held-%Y.%m.%d'
  const heldDays = [2, 3, 4].map((ago) => dayBefore(waited, ago))
  for (const name of heldDays) await cluster.call('PUT', `/${name}`, ownMapping(waited))
  await cluster.call('PUT', `/${heldDays[1]}/_settings`, { 'index.blocks.write': true })
  await putInBuffer(join(workdir.path, 'data'), 'second', heldDays[1] ?? '', Date.now() - 3 * 86_400_000)

  const section = { nodes: cluster.urls, retention: rules, dead_index: false }
  const deliver = [
    { elasticsearch: { ...section, index } },
    { name: 'second', elasticsearch: { ...section, index: waited, setup: false, retention: { size: '1mb', days: 1 } } },
  ]
  const config = `datasets: false\nmetrics: false\ndeliver: ${JSON.stringify(deliver)}\n`
  await using running = await startSluice(workdir.path, config)
  const told = (text: string) => running.log().split(text).length - 1
  const isDone = () => told('index templates are written') === 1 && told('an index was removed') === 3
  await until('templates are there, and what may go is gone', isDone, 60_000)
  expect(await indices(index)).toEqual([...others, ...days.slice(0, 3)].sort())
  expect(await indices(waited)).toEqual(heldDays.slice(0, 2).sort())
  expect(told('the retention rule wants indices removed')).toBe(1)
  expect((await setup({ index }, { dry: true })).states).toEqual(['changed', 'unchanged'])
})

function ownMapping(index: string) {
  return { mappings: { _meta: { managed_by: 'sluice', index } } }
}

test('of two shippers one removes; when it is killed the other goes on', async () => {
  const index = 'syslog-%Y.%m.%d'
  await setup({ index })
  const children = [startChild(cluster.urls), startChild(cluster.urls)]
  try {
    const leader = await until(
      'one of them leads',
      () => children.find((child) => child.said('elected')) ?? false,
      60_000,
    )
    const other = children.find((child) => child !== leader)
    const old = dayBefore(index, 6)
    await cluster.call('PUT', `/${old}`)
    await until('the leader removes', () => leader.said('index_removed', old), 60_000)
    expect(other?.said('elected')).toBe(false)
    leader.process.kill('SIGKILL')
    const older = dayBefore(index, 7)
    await cluster.call('PUT', `/${older}`)
    await until('the other one follows', () => other?.said('index_removed', older) ?? false, 60_000)
  } finally {
    for (const { process } of children) process.kill('SIGKILL')
    await Promise.all(children.map(({ ended }) => ended))
  }
})

/** The cluster as a node that is up sees it, with the names of this test's indices only. */
async function view() {
  const one = await Promise.any(
    cluster.urls.map(async (url) => {
      const node = await openClient(elasticsearchConfig.parse({ elasticsearch: { nodes: [url] } }))
      return viewCluster({ client: node }).finally(() => node.close())
    }),
  )
  const { missing, one: single, two, quorum } = one.survival
  const copies = (names: string[]) => names.filter((name) => name.startsWith('copies-'))
  const holders = (name: string) => [...single, ...two].find(({ indices }) => indices.includes(name))?.nodes ?? []
  return { ...one, missing: copies(missing), holders, spare: quorum.spare }
}

test('what the cluster view foretells is what happens, down to the last node', async () => {
  for (const copies of [1, 2, 3]) {
    const settings = { number_of_replicas: copies - 1 }
    await cluster.call('PUT', `/copies-${copies}?wait_for_active_shards=all`, { settings })
  }
  // What is lost must not be made anew elsewhere while the test looks.
  await cluster.call('PUT', '/_all/_settings', { 'index.unassigned.node_left.delayed_timeout': '10m' })
  const before = await view()
  expect(before).toMatchObject({ missing: [], spare: 1 })
  const [[holder = ''], pair] = [before.holders('copies-1'), before.holders('copies-2')]
  expect([pair.length, before.holders('copies-3')]).toEqual([2, []])

  const at = (name: string) => Number(name.replace(/\D/g, ''))

  // A node that hangs counts as dead; the view does not hang with it.
  const [hanging = ''] = before.nodes.filter((node) => !node.isMaster).map(({ name }) => name)
  cluster.pause(at(hanging))
  const stuck = await view()
  cluster.resume(at(hanging))
  expect(stuck.nodes.filter(({ isUp }) => !isUp).map(({ name }) => name)).toEqual([hanging])
  expect(stuck.missing).toEqual(hanging === holder ? ['copies-1'] : [])
  await cluster.kill(at(holder))
  const after = await until('the others notice', async () => {
    const seen = await view()
    return seen.nodes.length === 2 && seen
  })
  expect(after).toMatchObject({ missing: ['copies-1'], spare: 0 })

  // The second one takes the majority with it: one node is left, and no master.
  const second = pair.find((name) => name !== holder) ?? ''
  await cluster.kill(at(second))
  const last = await until('the last one knows that it is alone', async () => {
    const seen = await view()
    return seen.master === null && seen
  })
  expect(last.nodes.filter(({ isUp }) => isUp)).toHaveLength(1)
  expect(last.missing).toEqual(pair.includes(holder) ? ['copies-1', 'copies-2'] : ['copies-1'])
  expect(last.holders('copies-3')).toHaveLength(1)

  const text = await sluice(['cluster'])
  expect(text.code).toBe(1)
  expect(text.stdout).toContain('now: no master is elected, nothing can be written: 1 of 3 voters are up, 2 are needed')
  const dead = cluster.urls.filter((_, i) => i === at(holder) || i === at(second))
  const nobody = await sluice(['cluster'], { nodes: dead })
  expect(nobody.code).toBe(1)
  for (const url of dead) expect(nobody.stderr).toContain(`${url}: connect ECONNREFUSED`)
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { freePort } from './support/programs.ts'
import { startSluice, workspace } from './support/sluice.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Starts and stops a sluice; gives the modules that its main thread and its lane loaded: packages by name, own by path. */
async function modulesOf(config: string): Promise<{ main: Set<string>; lane: Set<string> }> {
  await using dir = await workspace()
  const list = join(dir.path, 'modules')
  const hooks = join(dir.path, 'hooks.mjs')
  await writeFile(
    hooks,
    `import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { isMainThread, workerData } from 'node:worker_threads'
const thread = isMainThread ? 'main' : 'core' in workerData ? 'lane' : 'config'
registerHooks({
  load(url, context, next) {
    appendFileSync(${JSON.stringify(list)}, thread + ' ' + url + '\\n')
    return next(url, context)
  },
})`,
  )
  vi.stubEnv('NODE_OPTIONS', `--import ${hooks}`)
  const sluice = await startSluice(dir.path, config)
  await sluice.stop()
  const loaded = { main: new Set<string>(), lane: new Set<string>() }
  for (const line of (await readFile(list, 'utf8')).split('\n')) {
    const [, thread, name] = /^(main|lane) .*\/(?:node_modules\/((?:@[^/]+\/)?[^/]+)|src\/.*)/.exec(line) ?? []
    if (thread !== 'main' && thread !== 'lane') continue
    loaded[thread].add(name ?? line.slice(line.indexOf('/src/') + 1))
  }
  return loaded
}

/** A megabyte of memory or more, each. */
const ON_DEMAND = [
  '@duckdb/node-api',
  '@elastic/elasticsearch',
  'undici',
  'ioredis',
  'p-queue',
  'prom-client',
  'stream-json',
]

/** What reading a config takes, on a thread that ends. */
const CONFIG = ['yaml', 'src/config/schema.ts', 'src/dataset/format.ts']

const among = (modules: Set<string>, names: readonly string[]) => names.filter((name) => modules.has(name))

test('a receiver loads no client and no database, and its lane neither config nor schemas', async () => {
  const { main, lane } = await modulesOf(
    `receive: [{ udp: "127.0.0.1:0" }]\narchive: false\nmetrics: false\ndeliver: [{ file: { path: out.json } }]\n`,
  )
  expect(main).toContain('src/engine/udp-input.ts')
  expect(
    among(main, [...ON_DEMAND, 'src/receive/tcp.ts', 'src/receive/tail/tail.ts', 'src/commands/query.ts']),
  ).toEqual([])
  expect(among(main, CONFIG)).toEqual([])
  expect(lane).toContain('src/lane/core.ts')
  expect(among(lane, [...ON_DEMAND, 'zod', 'yaml', 'commander', 'pino', 'src/engine/engine.ts'])).toEqual([])
})

test('a shipper loads the clients that its config names, and nothing that parses lines', async () => {
  const port = await freePort()
  const { main } = await modulesOf(
    `buffer: { redis: ["redis://127.0.0.1:${port}"] }\narchive: false\nmetrics: false
deliver: [{ elasticsearch: { nodes: ["http://127.0.0.1:${port}"], setup: false } }]\n`,
  )
  expect(among(main, CONFIG)).toEqual([])
  expect(among(main, ON_DEMAND)).toEqual(['@elastic/elasticsearch', 'undici', 'ioredis', 'p-queue'])
  expect(among(main, ['src/lane/lane.ts', 'src/dataset/dataset.ts', 'src/grok/compile.ts', 'oniguruma-to-es'])).toEqual(
    [],
  )
})

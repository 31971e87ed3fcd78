import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from './support/programs.ts'
import { startRedis } from './support/redis.ts'
import { type Running, startSluice, until, workspace } from './support/sluice.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** What the cluster says of events with this word, until their mapping is mended; an escape sequence is part of it. */
const REASON = 'failed to parse \u001b[2J\u009b31m field'

let stack: AsyncDisposableStack
let dir: string
let cluster: Awaited<ReturnType<typeof startCluster>>
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  dir = stack.use(await workspace()).path
  cluster = stack.use(await startCluster())
})
afterEach(() => stack.disposeAsync())

/** As much of Elasticsearch as a bulk request needs; it keeps what it indexed by id. */
async function startCluster() {
  const documents = new Map<string, string>()
  const state = { documents, isMended: false }
  const server = createServer((request, response) => {
    const answer = async () => {
      const lines = Buffer.concat(await request.toArray())
        .toString()
        .split('\n')
      const items: unknown[] = []
      for (let i = 0; i + 1 < lines.length; i += 2) {
        const id: string = JSON.parse(lines[i] ?? '').create._id
        const document = lines[i + 1] ?? ''
        const isRefused = document.includes('poison') && !state.isMended
        const error = { type: 'document_parsing_exception', reason: REASON }
        const status = isRefused ? 400 : documents.has(id) ? 409 : 201
        if (!isRefused) documents.set(id, document)
        const conflict = { error: { type: 'version_conflict_engine_exception', reason: 'exists' } }
        items.push({ create: { status, ...(status === 400 ? { error } : status === 409 ? conflict : {}) } })
      }
      response.setHeader('x-elastic-product', 'Elasticsearch')
      response.setHeader('content-type', 'application/vnd.elasticsearch+json;compatible-with=8')
      response.end(JSON.stringify({ errors: true, items }))
    }
    answer().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return Object.assign(state, {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  })
}

const start = async (more = '') =>
  stack.use(
    await startSluice(
      dir,
      `
receive: [{ tail: ${dir}/app.log, program: app }]
datasets: false
metrics: false
${more}
deliver:
  - elasticsearch:
      nodes: ["http://127.0.0.1:${cluster.port}"]
      setup: false
      dead_index: false
      bulk: { size: 20kb, delay: 0ms }
`,
    ),
  )

const write = (lines: string[]) => appendFile(join(dir, 'app.log'), lines.map((line) => `${line}\n`).join(''))
const dead = (...args: string[]) => runCommand(process.execPath, [MAIN, 'dead', ...args], '')
const data = () => ['--data', join(dir, 'data')]

async function letters(): Promise<{ id: string; event: string; key: string }[]> {
  const { stdout } = await dead('ls', ...data(), '--json')
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

async function output(sluice: Running) {
  const [found] = (await sluice.status()).outputs
  if (found === undefined) throw new Error('no output')
  return found
}

const settled = (sluice: Running, events: number) =>
  until(`${events} events are settled`, async () => {
    const found = await output(sluice)
    return found.received === events && found.buffered === 0 && found.inHand === 0 && found
  })

test('what is refused is kept over kill -9 and, when the mapping is mended, replayed over kill -9: nothing is lost', async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => (i % 50 === 7 ? `poison ${i}` : `line ${i}`))
  const isPoison = (text: string) => text.startsWith('poison')
  await write(lines)
  for (const upTo of [5, 25]) {
    const sluice = await start()
    await until('some are dead', async () => (await output(sluice)).dead >= upTo)
    await sluice.kill()
  }
  let sluice = await start()
  expect(await settled(sluice, 3000)).toMatchObject({ dead: 60, lost: {}, closes: true })
  const kept = await letters()
  expect(kept.map(({ event }) => JSON.parse(event).message)).toEqual(lines.filter(isPoison))
  expect(cluster.documents.size).toBe(2940)

  // Still refused: back, and dead again.
  expect((await dead('replay', ...data(), '--limit', '10')).stdout).toBe('elasticsearch: 10 back in the buffer\n')
  expect(await settled(sluice, 3000)).toMatchObject({ dead: 60, closes: true })
  expect(new Set((await letters()).map(({ id }) => id))).toEqual(new Set(kept.map(({ id }) => id)))
  expect(await letters()).toHaveLength(60)

  cluster.isMended = true
  for (let left = 60, tries = 0; left > 20 && tries < 8; tries++) {
    const command = dead('replay', ...data(), '--limit', '20')
    await until('some are gone', async () => (await letters()).length < left)
    await sluice.kill()
    await command
    sluice = await start()
    left = (await settled(sluice, 3000)).dead
    expect(await letters()).toHaveLength(left)
  }
  await dead('replay', ...data(), '--all')
  expect(await settled(sluice, 3000)).toMatchObject({ dead: 0, lost: {}, closes: true })
  expect(await letters()).toEqual([])
  const messages = [...cluster.documents.values()].map((text) => JSON.parse(text).message)
  expect(messages.sort()).toEqual([...lines].sort())
  expect(await sluice.stop()).toBe(0)
})

test('while nothing runs, a replay waits in the buffer for the next start', async () => {
  await write(['poison 1', 'poison 2', 'fine'])
  const first = await start()
  expect(await settled(first, 3)).toMatchObject({ dead: 2, delivered: 1 })
  await first.stop()
  cluster.isMended = true
  expect(await dead('replay', ...data(), '--all')).toMatchObject({ code: 1, stderr: expect.stringContaining('-c') })
  expect(await dead('replay', '-c', join(dir, 'sluice.yaml'), '--limit', '1')).toMatchObject({
    code: 0,
    stdout: 'elasticsearch: 1 back in the buffer\n',
  })
  const status = await runCommand(process.execPath, [MAIN, 'status', ...data(), '--json'], '')
  expect(JSON.parse(status.stdout)).toMatchObject({ closes: true, outputs: [{ dead: 1, buffered: 1 }] })
  const second = await start()
  expect(await settled(second, 3)).toMatchObject({ dead: 1, delivered: 2, closes: true })
})

test('with no room left new ones are lost, counted; the oldest stay until they are discarded, counted', async () => {
  const big = 'x'.repeat(3000)
  await write(Array.from({ length: 100 }, (_, i) => `poison ${i} ${big}`))
  const sluice = await start('dead: { size: 64kb }')
  const full = await settled(sluice, 100)
  const kept = (await letters()).map(({ event }) => JSON.parse(event).message.split(' ')[1])
  expect(kept).toEqual(Array.from(kept, (_, i) => String(i)))
  expect(kept.length).toBeGreaterThan(3)
  expect(full).toMatchObject({
    dead: kept.length,
    lost: { dead_letters_full: 100 - kept.length },
    closes: true,
  })
  expect(sluice.log()).toContain('no room for further dead letters')
  expect((await dead('discard', ...data(), '--all')).stdout).toContain(`${kept.length} discarded`)
  expect(await output(sluice)).toMatchObject({
    dead: 0,
    lost: { dead_letters_full: 100 - kept.length, discarded: kept.length },
    closes: true,
  })
  await write(['poison again'])
  expect(await settled(sluice, 101)).toMatchObject({ dead: 1, closes: true })
})

test('the commands show what is meant, and nothing in it reaches the terminal', async () => {
  await write(['poison \u001b]0;title\u0007 \u009b31m', 'poison 2'])
  const sluice = await start()
  await settled(sluice, 2)
  const [first] = await letters()
  const id = first?.id ?? ''
  const ls = await dead('ls', ...data())
  expect(ls.stdout).toContain('document_parsing_exception')
  expect(ls.stdout).toMatch(/elasticsearch +2\n/)
  const show = await dead('show', ...data(), id)
  expect(show.stdout).toContain('"message": "poison')
  const exported = await dead('export', ...data(), '--reason', 'FAILED to parse')
  const bulk = await dead('export', ...data(), '--bulk', '--limit', '1')
  expect(
    bulk.stdout
      .split('\n')
      .slice(0, 1)
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ create: { _id: id } }])
  for (const { stdout } of [ls, show, exported, await dead('ls', ...data(), '--json')]) {
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  }
  expect((await dead('ls', ...data(), '--output', 'other')).stdout).toBe('no such dead letters\n')
  expect(await dead('show', ...data(), 'none')).toMatchObject({ code: 1 })
  expect(await dead('discard', ...data())).toMatchObject({ code: 2, stderr: expect.stringContaining('--all') })
})

test('with buffers in Redis it is the sum of what was taken from there that tells of dead letters', async () => {
  const redis = stack.use(await startRedis())
  await write(['poison 1', 'poison 2', 'poison 3', 'fine'])
  const sluice = await start(`buffer: { redis: ["${redis.url}"] }`)
  const report = (dead: number, delivered: number) =>
    until(`${dead} are dead`, async () => {
      const status = await sluice.status()
      const [taken] = status.taken
      return taken?.dead === dead && taken.delivered === delivered && status
    })
  expect(await report(3, 1)).toMatchObject({ outputs: [{ received: 4, handedOn: 4, closes: true }] })
  cluster.isMended = true
  await dead('replay', ...data(), '--limit', '1')
  expect(await report(2, 2)).toMatchObject({
    outputs: [{ received: 4, handedOn: 4, inHand: 0, lost: {}, closes: true }],
    taken: [{ events: 4, lost: {} }],
  })
  await dead('discard', ...data(), '--limit', '1')
  expect(await report(1, 2)).toMatchObject({
    outputs: [{ received: 4, handedOn: 4, inHand: 0, lost: {}, closes: true }],
    taken: [{ events: 4, lost: { discarded: 1 } }],
  })
  expect(await letters()).toHaveLength(1)
  expect(await sluice.stop()).toBe(0)
})

import { copyFile, open, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hit } from '../src/deliver/store/question.ts'
import { type Running, startSluice, until, workspace } from './support/sluice.ts'

/** A program that logs: numbered lines, reopening its file like a daemon after logrotate. */
async function writer(path: string) {
  let file = await open(path, 'a')
  let next = 0
  return {
    written: () => next,
    async write(count: number) {
      const lines = Array.from({ length: count }, () => `Nov 23 03:14:21 web1 app[1]: number ${next++}\n`)
      await file.appendFile(lines.join(''))
    },
    async reopen() {
      await file.close()
      file = await open(path, 'a')
    },
    close: () => file.close(),
  }
}

async function numbers(sluice: Running): Promise<number[]> {
  const rows = await sluice.query({ kind: 'events', limit: 1_000_000 })
  return rows.map((row) => Number(/number (\d+)$/.exec(hit.parse(row).message ?? '')?.[1])).sort((a, b) => a - b)
}

const config = (dir: string) => `
receive: [{ tail: "${dir}/app.log*" }]
deliver: [{ store: {} }]
metrics: false
`

test('rotation by rename and by copytruncate, and kill -9 in between: each line once in the store', async () => {
  await using dir = await workspace()
  const path = join(dir.path, 'app.log')
  const app = await writer(path)
  await app.write(3000)

  const killed = async (steps: (sluice: Running) => Promise<void>) => {
    await using sluice = await startSluice(dir.path, config(dir.path))
    await steps(sluice)
    await sluice.kill()
  }
  await killed(async (sluice) => {
    await until('some of it is delivered', async () => (await sluice.status()).outputs[0].delivered > 0)
    await app.write(2000)
    await rename(path, `${path}.1`)
    await app.write(500)
    await app.reopen()
    await app.write(1500)
  })
  await app.write(700)
  await killed(async (sluice) => {
    const before = (await sluice.status()).outputs[0].received
    await app.write(4000)
    await until('it reads on', async () => (await sluice.status()).outputs[0].received > before)
  })
  await using sluice = await startSluice(dir.path, config(dir.path))
  const sum = async () => (await numbers(sluice)).length
  await until('all lines so far', async () => (await sum()) >= app.written())
  await copyFile(path, `${path}.2`)
  await truncate(path)
  await app.write(1000)
  await until('all lines', async () => (await sum()) >= app.written())
  await app.close()

  expect(await numbers(sluice)).toEqual(Array.from({ length: app.written() }, (_, i) => i))
  const [row] = (await sluice.status()).outputs
  expect(row).toMatchObject({ received: app.written(), lost: {}, closes: true })
  expect(row.delivered + row.duplicates).toBe(app.written())
})

test('lines of a program without a header are whole messages of that program, and start over resumes', async () => {
  await using dir = await workspace()
  const path = join(dir.path, 'access.log')
  const file = await open(path, 'a')
  const config = `
receive: [{ tail: "${path}", program: horizon, host: web1 }]
archive: archive/\${host}/\${service}.log
deliver: [{ store: {} }]
metrics: false
`
  await file.appendFile('10.0.0.1 - - [23/Nov/2026:03:14:21 +0000] "GET / HTTP/1.1" 200 5\n')
  {
    await using sluice = await startSluice(dir.path, config)
    await until('the line is delivered', async () => (await sluice.status()).outputs[0].delivered === 1)
    expect(await sluice.stop()).toBe(0)
  }
  await file.appendFile('10.0.0.2 second\n')
  await using sluice = await startSluice(dir.path, config)
  const rows = await until('the second line', async () => {
    const rows = await sluice.query({ kind: 'events', order: 'oldest' })
    return rows.length >= 2 && rows.map((row) => hit.parse(row))
  })
  expect(rows.map(({ host, program, message }) => ({ host, program, message }))).toEqual([
    { host: 'web1', program: 'horizon', message: expect.stringMatching(/^10\.0\.0\.1 - - /) },
    { host: 'web1', program: 'horizon', message: '10.0.0.2 second' },
  ])
  await file.close()
})

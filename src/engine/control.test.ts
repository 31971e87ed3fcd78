import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callControl, NotRunning, serveControl } from './control.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-control-'))
})
afterEach(() => rm(dir, { recursive: true }))

async function* count(params: unknown) {
  const { to } = params as { to: number }
  for (let i = 1; i <= to; i++) yield i
  if (to === 0) throw new Error('nothing to count')
}

test('a command gets the answer of the running process, line by line, and its refusals as errors', async () => {
  const server = await serveControl(dir, { count })
  expect(await Array.fromAsync(callControl(dir, 'count', { to: 5000 }))).toHaveLength(5000)
  await expect(Array.fromAsync(callControl(dir, 'count', { to: 0 }))).rejects.toThrow('nothing to count')
  await expect(Array.fromAsync(callControl(dir, 'toString', {}))).rejects.toThrow("does not know 'toString'")
  expect((await stat(join(dir, 'control.sock'))).mode & 0o777).toBe(0o600)
  server.close()
})

test('a directory without a process, or with the socket of a killed one, is told apart from an error', async () => {
  await expect(Array.fromAsync(callControl(dir, 'count', {}))).rejects.toThrow(NotRunning)
  await writeFile(join(dir, 'control.sock'), '')
  await expect(Array.fromAsync(callControl(dir, 'count', {}))).rejects.toThrow(NotRunning)
})

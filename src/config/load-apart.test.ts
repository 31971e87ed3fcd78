import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { datasetsOf } from '../dataset/of-config.ts'
import { UserError } from '../errors.ts'
import { loadConfig } from './load.ts'
import { loadApart } from './load-apart.ts'

const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'))
afterAll(() => rmSync(dir, { recursive: true }))

function write(text: string): string {
  const file = join(dir, 'sluice.yaml')
  writeFileSync(file, text)
  return file
}

test('a config that is read apart is the one that is read here, with its datasets', async () => {
  const file = write(
    'receive: [{ udp: "127.0.0.1:0" }]\nroutes: [{ name: a, filter: program("x"), datasets: [sshd] }]\n',
  )
  const config = await loadConfig(file, { data: dir })
  expect(await loadApart(file, { data: dir })).toEqual({ config, datasets: datasetsOf(config) })
})

test('what parses no lines gets no datasets', async () => {
  expect((await loadApart(write('receive: []\n'), {})).datasets).toBeNull()
})

test.each([
  ['metrics: nonsense\n', 'sluice.yaml:1:'],
  ['receive: [{ udp: "127.0.0.1:0" }]\nroutes: [{ name: a, filter: program("x"), datasets: [sshdd] }]\n', '"sshdd"'],
])('what is wrong is told to people as ever: %s', async (text, told) => {
  const error: unknown = await loadApart(write(text), {}).catch((error) => error)
  expect(error).toBeInstanceOf(UserError)
  expect(error).toMatchObject({ message: expect.stringContaining(told), exitCode: 78 })
})

import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { runCommand } from './support/programs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DEPLOY = join(ROOT, 'deploy')
const files = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' })
const units = files.filter((name) => name.endsWith('.service'))

test.each(files.filter((name) => name.endsWith('.yaml')))('%s is a valid config', async (name) => {
  const file = join(DEPLOY, name)
  const { code, stdout, stderr } = await runCommand(
    process.execPath,
    [join(ROOT, 'src/main.ts'), 'check', '-c', file],
    '',
  )
  // The reference platform's own filter, as it was.
  const expected = name === 'reference.yaml' ? expect.stringContaining('supernov') : ''
  expect({ code, stderr }).toEqual({ code: 0, stderr: expected })
  expect(stdout).toContain('is valid')
  const [head] = (await readFile(file, 'utf8')).split('\n')
  const schema = /\$schema=(.*)$/.exec(head ?? '')?.[1] ?? 'none'
  expect(files).toContain(join(name, '..', schema))
})

test('the roles fit together: the same buffers, and outputs of the same names and indices', async () => {
  const roles = ['log-server', 'shipper', 'producer']
  const configs = await Promise.all(roles.map((role) => loadConfig(join(DEPLOY, role, 'sluice.yaml'))))
  const meeting = configs.map(({ buffer, deliver }) => ({
    redis: buffer.redis,
    mode: buffer.mode,
    outputs: deliver.map((output) => [output.name, 'index' in output ? output.index : null]),
  }))
  expect(meeting).toEqual(meeting.map(() => meeting[0]))
  expect(configs.map(({ buffer }) => buffer.ship)).toEqual([false, true, false])
})

test.each(units)('%s starts what is there, with the config and the directories that the files name', async (name) => {
  const text = await readFile(join(DEPLOY, name), 'utf8')
  const config = await loadConfig(join(DEPLOY, name, '../sluice.yaml'))
  expect(text).toContain('ExecStart=/opt/sluice/bin/sluice run -c /etc/sluice/sluice.yaml\n')
  expect(text).toContain('ExecStartPre=/opt/sluice/bin/sluice check -c /etc/sluice/sluice.yaml\n')
  expect(readdirSync(join(ROOT, 'bin'))).toContain('sluice')
  expect(config.data).toBe(`/var/lib/${/^StateDirectory=(.*)$/m.exec(text)?.[1]}`)
  // Only who needs it may listen below 1024, and write outside of its own directories.
  const low = config.receive.some((input) => 'port' in input && input.port < 1024)
  expect(/^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m.test(text)).toBe(low)
  expect(/^ReadWritePaths=\/var\/log$/m.test(text)).toBe(config.archive !== false)
})

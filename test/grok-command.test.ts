import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from './support/programs.ts'

const grok = (args: string[], input = '') => runCommand(process.execPath, ['src/main.ts', 'grok', ...args], input)

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-grok-'))
  await writeFile(join(dir, 'own'), '# mine\nQUEUEID [0-9A-F]{10,11}\nQUEUED %{QUEUEID:queue_id}: %{GREEDYDATA:rest}\n')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

test('explain says where each line stopped and shows nothing that a terminal obeys', async () => {
  const { code, stdout } = await grok(['explain', '%{IP:a} %{INT:b}'], '10.0.0.1 5\n10.0.0.1 \x1b[31mred\n')
  expect(code).toBe(1)
  expect(stdout).toContain('line 1: matches\n')
  expect(stdout).toContain('line 2: matches up to character 9 of 17')
  expect(stdout).toContain('^ wanted here: %{INT:b}; the line goes on with "\\x1b[31mred"')
  expect(stdout).not.toContain('\x1b')
})

test('explain --json, with patterns of a directory', async () => {
  const { code, stdout } = await grok(['explain', '--json', '--patterns', dir, '%{QUEUED}'], 'BEF25A72965: x\nBEF: x\n')
  expect(code).toBe(1)
  const [first, second] = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  expect(first).toMatchObject({ line: 1, matched: true, stopped: null })
  expect(second).toMatchObject({ line: 2, matched: false, stopped: 0, next: 'BEF: x' })
})

test('explain takes the patterns of a dataset', async () => {
  const lines = 'Accepted password for root from 192.0.2.7 port 22 ssh2\nAccepted password for root frm 192.0.2.7\n'
  const { code, stdout } = await grok(['explain', '--dataset', 'sshd/accepted'], lines)
  expect(code).toBe(1)
  expect(stdout).toMatch(/line 1, sshd\/accepted: matches\nline 2, sshd\/accepted: matches up to character 2\d of/)
})

test('explain knows the datasets and patterns of a config, and the names that events carry', async () => {
  const datasets = join(dir, 'datasets')
  await mkdir(datasets)
  const file =
    "dataset: mine\nprograms: [mine]\npatterns: [{ name: queued, match: '%{QUEUED}', dataset: mine.queue }]\n"
  await writeFile(join(datasets, 'mine.yaml'), file)
  const config = join(datasets, 'config.yml')
  await writeFile(config, `datasets: [${datasets}]\npatterns: [${join(dir, 'own')}]\n`)
  for (const name of ['mine', 'mine/queued', 'mine.queue']) {
    const { code, stdout, stderr } = await grok(['explain', '-c', config, '--dataset', name], 'BEF25A72965: x\n')
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'line 1, mine/queued: matches\n', stderr: '' })
  }
})

test('match prints what is captured, or the line with the tag', async () => {
  const { code, stdout } = await grok(['match', '%{IP:source.ip} %{INT:[http][bytes]:int}'], '10.0.0.1 5\nx\n')
  expect(code).toBe(0)
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([
    { source: { ip: '10.0.0.1' }, http: { bytes: 5 } },
    { message: 'x', tags: ['_grokparsefailure'] },
  ])
  expect(await grok(['match', '--anywhere', '%{INT:n}'], 'x 5\n')).toMatchObject({ code: 0, stdout: '{"n":"5"}\n' })
  expect((await grok(['match', '%{INT:n}'], 'x 5\n')).code).toBe(1)
})

test('list and show tell what a name stands for', async () => {
  const listed = await grok(['list', '--patterns', dir, 'queueid'])
  expect(listed.stdout.split('\n')).toContain('QUEUEID [0-9A-F]{10,11}')
  const shown = await grok(['show', '--patterns', dir, 'QUEUED'])
  expect(shown.stdout).toContain(`defined in ${join(dir, 'own')}:3`)
  expect(shown.stdout).toContain('queue_id (string) %{QUEUEID}')
  const json = await grok(['show', '--json', '--legacy', 'HTTPDATE'])
  expect(JSON.parse(json.stdout)).toMatchObject({ name: 'HTTPDATE', fields: [] })
  expect((await grok(['list', 'no such text anywhere'])).code).toBe(1)
})

test.each([
  [['explain', '%{INTT:n}'], 'did you mean "INT"?'],
  [['explain', 'a(b'], 'Unclosed group'],
  [['explain'], '--dataset'],
  [['explain', '--dataset', 'sshdd'], 'did you mean "sshd"?'],
  [['explain', '--dataset', 'sshd/acepted'], 'did you mean "accepted"?'],
  [['show', 'HTTPDAT'], 'did you mean "HTTPDATE"?'],
  [['list', '--ecs', '--legacy'], 'cannot be used'],
])('%j is refused, saying what was wanted', async (args, wanted) => {
  const { code, stderr } = await grok(args)
  expect(code).toBe(2)
  expect(stderr).toContain(wanted)
  expect(stderr).not.toContain('    at ')
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '../src/config/load.ts'
import { datasetsOf } from '../src/dataset/of-config.ts'
import { diff } from '../src/diff/diff.ts'
import type { Difference } from '../src/diff/differences.ts'
import { newStream } from '../src/event/ids.ts'
import { laneOptions } from '../src/lane/from-config.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import { Recording } from '../src/replay/recording.ts'
import { type Case, corpus, rawBytes } from './header-cases.ts'
import { runCommand } from './support/programs.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-diff-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const sluice = (args: string[], input = '') => runCommand(process.execPath, ['src/main.ts', ...args], input)

const DELIVER = 'deliver: [{ store: {}, name: a }, { store: { path: b }, name: b }]\nhost: here\ntimezone: UTC\n'
const OLD = `${DELIVER}archive: /x/\${host}.log\ndatasets: false\n`

const LINES = `<13>Nov 23 03:14:21 h door: opened
<13>Nov 23 03:14:22 h noise: 1
<13>Nov 23 03:14:22 h noise: 1
<13>Nov 23 03:14:23 h quiet: sh
<13>Nov 23 03:14:24 h split: x
`

function options(text: string): LaneOptions {
  const { config, problems } = readConfig(text)
  if (config === undefined) throw new Error(JSON.stringify(problems))
  return laneOptions({ config, datasets: datasetsOf(config) }, newStream(), { name: 'test' })
}

async function differences(older: LaneOptions, newer: LaneOptions, input: string): Promise<Difference[]> {
  const found: Difference[] = []
  const recording = new Recording([file('input', input)], Date.parse('2026-11-23T03:15:00Z'))
  await diff(older, newer, recording, (difference) => {
    found.push(difference)
  })
  return found
}

test('a line dropped, kept from outputs, given to fewer of them, archived elsewhere, routed otherwise', async () => {
  const routes = `
routes:
  - { name: noise, filter: program("noise"), drop: true }
  - { name: quiet, filter: program("quiet"), deliver: false }
  - { name: split, filter: program("split"), deliver: [b], archive: '/y/\${host}.log' }
`
  const [noise, quiet, split] = LINES.trim().split('\n').slice(2)
  const found = await differences(options(OLD), options(OLD + routes), LINES)
  const archived = (line: string) => line.replace('<13>', '')
  expect(found).toEqual([
    { kind: 'gone', old: ['a', 'b'], line: noise },
    { kind: 'gone', old: ['a', 'b'], line: noise },
    { kind: 'gone', old: ['a', 'b'], line: quiet },
    { kind: 'outputs', old: ['a', 'b'], new: ['b'], line: split },
    { kind: 'changed', field: 'sluice.route', old: 'unrouted', new: 'split', line: split },
    { kind: 'files', old: ['/x/h.log'], line: archived(noise), lines: 2 },
    { kind: 'files', old: ['/x/h.log'], new: ['/y/h.log'], line: archived(split), lines: 1 },
  ])
  const back = await differences(options(OLD + routes), options(OLD), LINES)
  expect(back.filter(({ kind }) => kind === 'new')).toHaveLength(3)
})

test('fields that are gained, lost or changed have dotted names with both values', async () => {
  const line = '<38>Nov 23 03:14:21 h door[7]: opened by eve'
  const datasets = join(directory, 'datasets')
  mkdirSync(datasets)
  const door = "dataset: door\nprograms: [door]\npatterns: [{ name: x, match: 'opened by %{WORD:user.name}' }]\n"
  file('datasets/door.yaml', door)
  const parsed = OLD.replace('datasets: false', `datasets: [${JSON.stringify(datasets)}]`)
  const gained = [
    { kind: 'gained', field: 'event.dataset', new: 'door', line },
    { kind: 'gained', field: 'user.name', new: 'eve', line },
    { kind: 'gained', field: 'related.user', new: ['eve'], line },
  ]
  expect(await differences(options(OLD), options(parsed), `${line}\n`)).toEqual(gained)
  const lost = gained.map(({ new: old, ...rest }) => ({ ...rest, kind: 'lost', old }))
  expect(await differences(options(parsed), options(OLD), `${line}\n`)).toEqual(lost)
  const zones = await differences(options(OLD), options(OLD.replace('UTC', 'Europe/Berlin')), `${line}\n`)
  expect(zones).toEqual([
    { kind: 'changed', field: '@timestamp', old: '2026-11-23T03:14:21.000Z', new: '2026-11-23T02:14:21.000Z', line },
  ])
})

const words = fc.constantFrom(
  ...['<13>', '<999>', 'Nov 23 03:14:21', 'Nov 31 03:14:21', 'h', 'sshd[1]:', 'nova-api:', 'haproxy[7]:', 'x:'],
  ...['{"a":1}', 'a=1 b=2 c=3', ' at x', 'Traceback', '\u001b', '\ufffd', '10.0.0.1'],
)
const line = fc.oneof(
  fc.array(words, { maxLength: 8 }).map((some) => some.join(' ')),
  fc.string({ unit: 'binary' }),
)

test('a config never differs from itself, whatever the lines are', async () => {
  const config = options(`${DELIVER}archive: /x/\${service}/%Y.%m.%d.log
routes: [{ name: x, filter: program("x"), drop: true }, { name: y, filter: message("a"), deliver: [a] }]
`)
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 20, maxLength: 120 }), async (lines) => {
      // The first line tells what the file contains.
      expect(await differences(config, config, ['<13>first', ...lines].join('\n'))).toEqual([])
    }),
    { numRuns: 15 },
  )
})

test('the command: nothing is sent, 0 without a difference, 1 and a summary or NDJSON with differences', async () => {
  const hex = corpus<Case>('wire.jsonl').map((wire) => `${rawBytes(wire).toString('hex')}\n`)
  const capture = file('wire.hex', hex.join(''))
  const full = file('full.yaml', DELIVER)
  const bare = file('bare.yaml', `${DELIVER}datasets: false\n`)
  const same = await sluice(['replay', capture, '--diff', full, full])
  expect(same).toMatchObject({ code: 0, stderr: '' })
  expect(same.stdout).toMatch(/^672 lines: .*; no difference\n$/)
  const other = await sluice(['replay', '--diff', full, bare, capture])
  expect(other).toMatchObject({ code: 1, stderr: '' })
  expect(other.stdout).toMatch(/^ *\d+ {2}lost event\.dataset: "[a-z.]+" → \(none\)$/m)
  expect(other.stdout).not.toMatch(/[^\P{Cc}\n]/u)
  const json = await sluice(['replay', '--diff', full, bare, '--json', capture])
  expect(json.code).toBe(1)
  const kinds = json.stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(kinds).toContainEqual(
    expect.objectContaining({ kind: 'lost', field: 'event.dataset', line: expect.any(String) }),
  )
})

test.each([
  [['replay'], 'name the files to replay'],
  [['replay', '--diff', 'a.yaml', 'package.json'], '--diff wants two configs and what to replay'],
  [['replay', '--diff', 'package.json', 'package.json', 'nothing.log'], ''],
])('%j is refused', async (args, said) => {
  const { code, stderr } = await sluice(args)
  expect(code).toBeGreaterThan(1)
  expect(stderr).toContain(said)
  expect(stderr).not.toMatch(/^\s+at /m)
})

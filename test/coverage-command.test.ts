import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Case, corpus, rawBytes } from './header-cases.ts'
import { runCommand } from './support/programs.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-coverage-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const sluice = (args: string[], input = '') => runCommand(process.execPath, ['src/main.ts', ...args], input)

/** The shipped datasets change; these tests bring their own. */
const DATASET = `
dataset: door
programs: [door]
patterns:
  - { name: opened, match: 'opened by %{WORD:user.name}$' }
samples: []
`
const FREE = `
dataset: talk
programs: [talk]
fallback: whole
patterns:
  - { name: asked, match: 'asked %{INT:talk.times:int} times' }
multiline: { continues: '^[+]' }
`

function config(more = ''): string {
  const datasets = join(directory, 'datasets')
  return file('sluice.yaml', `datasets: [${JSON.stringify(datasets)}]\n${more}`)
}

function ownDatasets(): void {
  mkdirSync(join(directory, 'datasets'))
  file('datasets/door.yaml', DATASET)
  file('datasets/talk.yaml', FREE)
}

const LINES = [
  'Nov 23 03:14:21 h door[1]: opened by eve',
  'Nov 23 03:14:22 h door[1]: broken 1 times',
  'Nov 23 03:14:23 h door[1]: broken 77 times',
  'Nov 23 03:14:24 h talk: hello',
  'Nov 23 03:14:24 h talk: asked 2 times',
  'Nov 23 03:14:24 h talk: + more of it',
  'Nov 23 03:14:25 h qqq: {"a":1}',
  'Nov 23 03:14:26 h qqq: never seen\u001b[2J 12',
  'Nov 23 03:14:27 h noise: x',
]

test('each event counts once, by what its lane knows of it; the shapes of the rest come most frequent first', async () => {
  ownDatasets()
  const path = config(`routes: [{ name: noise, filter: program("noise"), drop: true }]`)
  const { code, stdout, stderr } = await sluice(['coverage', '-c', path, '--json', '-'], `${LINES.join('\n')}\n`)
  expect([code, stderr]).toEqual([0, ''])
  const { programs, shapes, ...rest } = JSON.parse(stdout)
  expect(rest).toEqual({
    lines: 9,
    joined: 1,
    dropped: 1,
    total: { lines: 7, full: 3, partial: 1, failed: 2, none: 1, share: 0.5714 },
    forgotten: 0,
  })
  expect(programs).toEqual([
    { program: 'door', lines: 3, full: 1, partial: 0, failed: 2, none: 0, share: 0.3333 },
    { program: 'qqq', lines: 2, full: 1, partial: 0, failed: 0, none: 1, share: 0.5 },
    { program: 'talk', lines: 2, full: 1, partial: 1, failed: 0, none: 0, share: 1 },
  ])
  expect(shapes).toEqual([
    { count: 2, program: 'door', dataset: 'door', shape: 'broken <num> times', example: 'broken 1 times' },
    expect.objectContaining({ count: 1, program: 'qqq', dataset: null, shape: 'never seen\\u001b[<num>J <num>' }),
  ])
})

test('the table for people holds no control characters of lines, and --only shows one program', async () => {
  ownDatasets()
  const lines = file('lines.log.gz', gzipSync(LINES.join('\n')))
  const { code, stdout } = await sluice(['coverage', '-c', config(), lines])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^door +3 +1 +0 +2 +0 +33\.3%$/m)
  expect(stdout).toMatch(/^total +8 +3 +1 +2 +2 +50\.0%$/m)
  expect(stdout).toContain('2 × door, dataset door: broken <num> times\n    broken 1 times\n')
  expect(stdout).not.toContain('\u001b')
  const only = await sluice(['coverage', '-c', config(), '--only', 'qqq', lines])
  expect(only.stdout).toContain('never seen')
  expect(only.stdout).not.toContain('broken')
})

test('lines without header are of the program that --program names', async () => {
  ownDatasets()
  const { stdout } = await sluice(['coverage', '-c', config(), '--program', 'door', '--json', '-'], 'opened by eve\n')
  expect(JSON.parse(stdout)).toMatchObject({ programs: [{ program: 'door', lines: 1, full: 1 }], shapes: [] })
})

test('--draft writes a dataset file by which sluice test and the lines themselves are content', async () => {
  ownDatasets()
  const lines = file(
    'lines.log',
    [
      'Nov 23 03:14:21 h lock-d[7]: refused key 0x1f from 192.0.2.7 port 22: "no such key" after 3 s',
      'Nov 23 03:14:21 h lock-d[7]: refused key 0x2f from 192.0.2.8 port 2222: "other" after 0.5 s',
      "Nov 23 03:14:22 h lock-d[7]: it's {odd} | (very) 50% \\ #1 %{IP}",
    ].join('\n'),
  )
  const draft = await sluice(['coverage', '-c', config(), '--draft', lines])
  expect([draft.code, draft.stderr]).toEqual([0, ''])
  expect(draft.stdout).toContain('from %{IP:source.ip} port %{POSINT:source.port:int}')
  expect(draft.stdout).toContain('%{NUMBER:lock_d.s:float} s$')
  const written = file('datasets/lock.yaml', draft.stdout)
  const tested = await sluice(['test', '--file', written])
  expect(tested.stdout).toContain('2 of 2 samples as expected')
  expect(tested.code).toBe(0)
  const after = await sluice(['coverage', '-c', config(), '--json', lines])
  expect(JSON.parse(after.stdout).total).toMatchObject({ lines: 3, full: 3 })
  const nothing = await sluice(['coverage', '-c', config(), '--draft', lines])
  expect(nothing).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing to draft') })
})

test('a capture counts as its own events do: the answer is what run would give', async () => {
  const cases = corpus<Case>('wire.jsonl')
  const capture = [
    '{"sluice":"capture","version":1}',
    ...cases.map((wire, i) =>
      JSON.stringify({ t: 1795403661000 + i * 5000, from: '10.2.4.7', hex: rawBytes(wire).toString('hex') }),
    ),
  ].join('\n')
  const covered = await sluice(['coverage', '--json', file('wire.capture', capture)])
  const { total, joined, lines } = JSON.parse(covered.stdout)
  expect(lines).toBe(cases.length)
  expect(total.lines + joined).toBe(cases.length)
  const hex = cases.map((wire) => `${rawBytes(wire).toString('hex')}\n`).join('')
  const { stdout } = await sluice(['parse', '--hex'], hex)
  const events: { event: { dataset?: string }; tags?: string[] }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const failed = events.filter(({ tags }) => tags?.includes('_grokparsefailure')).length
  const none = events.filter(({ event }) => event.dataset === undefined).length
  expect(total).toMatchObject({ failed, none })
})

test.each([
  [['coverage'], 2, "missing required argument 'captures'"],
  [['coverage', 'nothing.log'], 2, 'nothing.log: no such file'],
  [['coverage', '--limit', 'x', 'package.json'], 2, 'Wanted a number from 1.'],
])('%j is refused', async (args, wanted, said) => {
  const { code, stderr } = await sluice(args)
  expect({ code, stderr }).toEqual({ code: wanted, stderr: expect.stringContaining(said) })
})

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test`, `npm run test:unit`, `npm run test:soak`: runs every step, also after one has failed, and closes with
 * `N passed, N failed`. Lint and types count as one test each; a skipped test counts as failed, since what it would
 * have shown is not shown.
 */
interface Totals {
  passed: number
  failed: number
}

type Step = [name: string, run: () => Promise<Totals>]

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

const services: Step = ['services', () => one('sh', ['test/services/install.sh'])]
const steps: Record<string, Step[]> = {
  all: [
    services,
    ['format and lint', () => one(bin('biome'), ['ci', '.'])],
    ['types', () => one(bin('tsc'), [])],
    ['unit tests', () => vitest('unit')],
    ['system tests', () => vitest('system')],
  ],
  unit: [['unit tests', () => vitest('unit')]],
  soak: [services, ['soak tests', () => vitest('soak')]],
}

// Reports in files and CI logs stay readable.
if (!process.stdout.isTTY) process.env.NO_COLOR = '1'
const chosen = process.argv[2] ?? 'all'
const totals: Totals = { passed: 0, failed: 0 }
const failedSteps: string[] = []
for (const [name, run] of steps[chosen] ?? []) {
  console.log(`\n== ${name}`)
  const started = performance.now()
  const { passed, failed } = await run()
  totals.passed += passed
  totals.failed += failed
  if (failed > 0 || passed === 0) failedSteps.push(name)
  console.log(`== ${name}: ${passed} passed, ${failed} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`)
  // Without its programs a system test can only fail: what is to be installed should stand last.
  if (name === 'services' && failed > 0) break
}
if (steps[chosen] === undefined)
  failedSteps.push(`there is no group '${chosen}' (groups: ${Object.keys(steps).join(', ')})`)
if (failedSteps.length > 0) console.log(`\nnot passed: ${failedSteps.join(', ')}`)
console.log(`\n${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = failedSteps.length > 0 ? 1 : 0

/** A command that passes or fails as a whole. */
async function one(command: string, args: string[]): Promise<Totals> {
  const passed = (await exitCode(command, args)) === 0
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1 }
}

async function vitest(project: string): Promise<Totals> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-tests-'))
  try {
    const file = join(directory, 'report.json')
    const code = await exitCode(process.execPath, [
      join(root, 'node_modules/vitest/vitest.mjs'),
      ...[
        'run',
        '--project',
        project,
        `--reporter=${project === 'unit' ? 'dot' : 'default'}`,
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
    ])
    const report: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
    const count = (key: string) => Number(report[key] ?? 0)
    const failed = count('numFailedTests') + count('numPendingTests') + count('numTodoTests')
    // A file that can't be loaded, or an error outside of any test, fails no test: it shows in the exit code alone.
    return { passed: count('numPassedTests'), failed: code === 0 ? failed : Math.max(1, failed) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function exitCode(command: string, args: string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => {
      console.error(error.message)
      resolve(null)
    })
    child.on('close', (code) => resolve(code))
  })
}

import { writeFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import type { Command } from 'commander'
import { editYaml } from '../config/edit-yaml.ts'
import { loadConfig, readConfig, readText } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Source } from '../config/yaml.ts'
import { datasetProblems } from '../dataset/check.ts'
import { type Difference, dotted } from '../dataset/dotted.ts'
import type { Sample } from '../dataset/format.ts'
import { datasetPaths, definitionOf, readDatasetFile, SHIPPED } from '../dataset/load.ts'
import { SampleRunner } from '../dataset/samples.ts'
import { UserError } from '../errors.ts'
import { newStream } from '../event/ids.ts'
import { laneOptions } from '../lane/from-config.ts'
import type { LaneOptions } from '../lane/options.ts'

interface Options {
  dataset?: string[]
  file?: string[]
  update?: boolean
  timezone: string
}

export function define(command: Command): void {
  command
    .description('Run the samples of dataset files and the tests of a config, and show what differs.')
    .argument('[config]', 'config whose tests, dataset and pattern directories are taken')
    .option('--dataset <name...>', 'only the files of these names, such as sshd')
    .option('--file <file...>', 'only these dataset files, wherever they lie; the others stay loaded beside them')
    .option('--update', 'write what came into the files where it differs (after a look at the differences)')
    .option('--timezone <zone>', 'zone of time stamps without one', 'UTC')
    .addHelpText(
      'after',
      `
A sample says what some fields have to be; null: that the field is absent. An empty \`expect: {}\` with --update is
filled with all that the dataset adds. Exit code 1 when something differs.

Examples:
  $ sluice test
  $ sluice test --file grok-patterns/datasets/sshd.yaml
  $ sluice test sluice.yaml --dataset sshd haproxy --update`,
    )
    .action(run)
}

/** A file with samples: a dataset's, or a config's with its tests. */
interface Suite {
  path: string
  /** Where its samples stand in the file. */
  at: 'samples' | 'tests'
  samples: readonly Sample[]
  source: Source
}

async function run(configPath: string | undefined, options: Options): Promise<void> {
  const config = await loadConfig(configPath)
  const { suites, lane } = load(config, options)
  if (configPath !== undefined && options.dataset === undefined && options.file === undefined) {
    const { source } = readConfig(await readText(configPath))
    suites.push({ path: configPath, at: 'tests', samples: config.tests, source })
  }
  const runners = { samples: new SampleRunner(lane), tests: new SampleRunner(laneOf(lane, config)) }
  let failed = 0
  let passed = 0
  for (const suite of suites) {
    const found: [index: number, event: Record<string, unknown>, Difference[]][] = []
    for (const [i, sample] of suite.samples.entries()) {
      const { events, differences } = runners[suite.at].run(sample)
      const fill = options.update === true && Object.keys(sample.expect).length === 0
      if (differences.length === 0 && !fill) {
        passed++
        continue
      }
      failed++
      found.push([i, events[0] ?? {}, fill ? fields(events[0]) : differences])
      show(suite, i, sample, events, found[found.length - 1][2])
    }
    if (options.update && found.length > 0) await update(suite, found)
  }
  const total = passed + failed
  console.log(
    `${passed} of ${total} sample${total === 1 ? '' : 's'} as expected, ${suites.length} file${suites.length === 1 ? '' : 's'}`,
  )
  if (failed > 0 && !options.update) process.exitCode ??= 1
}

function load(config: Config, options: Options): { suites: Suite[]; lane: LaneOptions } {
  const given = options.file ?? []
  const names = new Set(given.map((path) => basename(path)))
  const dirs = config.datasets === false ? [] : config.datasets
  const others = datasetPaths([SHIPPED, ...dirs]).filter((path) => !names.has(basename(path)))
  const files = [...others, ...given].map((path) => ({ path, wanted: isWanted(path, given, options.dataset) }))
  const read = files.flatMap(({ path, wanted }) => {
    try {
      return [{ path, wanted, ...readDatasetFile(path, wanted) }]
    } catch (error) {
      // Of several files one may be unfinished; the rest is worth knowing all the same.
      if (given.length > 0 && wanted) throw error
      if (!(error instanceof UserError)) throw error
      console.error(error.message)
      process.exitCode = error.exitCode
      return []
    }
  })
  if (!read.some(({ wanted }) => wanted) && options.dataset !== undefined)
    throw new UserError(`there is no dataset file named ${options.dataset.join(' or ')}`, 2)
  const definitions = read.map(({ path, file }) => definitionOf(file, path))
  const wanted = definitions.filter((_, i) => read[i].wanted)
  for (const problem of datasetProblems(wanted, config.patterns)) {
    console.error(problem)
    process.exitCode = 78
  }
  const suites = read.flatMap(({ path, wanted, file, source }): Suite[] =>
    wanted ? [{ path: relative('.', path), at: 'samples', samples: file.samples, source }] : [],
  )
  const plain = { ...config, routes: [], filters: {}, timezone: options.timezone }
  const datasets = { definitions, patterns: config.patterns, guarded: true }
  return { suites, lane: laneOptions({ config: plain, datasets }, newStream(), { name: 'test' }) }
}

/** A config's own tests go the way of its lines, through its routes. */
function laneOf(lane: LaneOptions, { routes, filters, shape }: Config): LaneOptions {
  return { ...lane, routes, filters, shape }
}

function isWanted(path: string, given: readonly string[], names: readonly string[] | undefined): boolean {
  if (given.length > 0) return given.includes(path)
  return names === undefined || names.includes(basename(path, '.yaml'))
}

function show({ path, at, source }: Suite, i: number, sample: Sample, events: unknown[], found: Difference[]): void {
  const { line, column } = source.at([at, i])
  console.log(`${path}:${line}:${column}: ${at}[${i}]`)
  for (const text of sample.line) console.log(`    ${printable(text)}`)
  for (const { field, wanted, got } of found) {
    if (wanted !== undefined) console.log(`  - ${field}: ${printable(JSON.stringify(wanted))}`)
    if (got !== undefined) console.log(`  + ${field}: ${printable(JSON.stringify(got))}`)
  }
  const why = dotted(events[0])['error.message']
  if (typeof why === 'string') console.log(`    ${printable(why)}`)
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1))
}

const NOT_OF_THE_DATASET =
  /^(?:@timestamp|message|event\.created|event\.original|host\.name|process\.name|process\.pid|log\.level|log\.source\..*|log\.syslog\..*|sluice\..*)$/

/** All that the dataset made, as if nothing had been expected. */
function fields(event: Record<string, unknown> | undefined): Difference[] {
  return Object.entries(dotted(event))
    .filter(([field]) => !NOT_OF_THE_DATASET.test(field))
    .map(([field, got]) => ({ field, wanted: undefined, got }))
}

/** Writes what came where it differs; the rest of the file stays as it is. */
async function update({ path, at }: Suite, found: [number, Record<string, unknown>, Difference[]][]): Promise<void> {
  const values = found.flatMap(([i, , differences]) =>
    differences
      .filter(({ field }) => field !== '(events)')
      .map(({ field, got }) => ({ place: [at, i, 'expect', field], value: got ?? null })),
  )
  await writeFile(path, editYaml(await readText(path), values))
  console.log(`updated: ${path}`)
}

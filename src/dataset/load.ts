import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeIssue, problemsOf } from '../config/issues.ts'
import { inOrder, showProblems } from '../config/load.ts'
import { type Problem, readYaml, type Source } from '../config/yaml.ts'
import { UserError } from '../errors.ts'
import { cached } from './cache.ts'
import { type DatasetDefinition, type DatasetFile, datasetConfig } from './format.ts'

/** The datasets that sluice brings along. */
export const SHIPPED = fileURLToPath(new URL('../../grok-patterns/datasets', import.meta.url))

export interface DatasetReading {
  /** Absent when there are problems. */
  file?: DatasetFile
  problems: Problem[]
  source: Source
}

/** Checks the text of a dataset file; touches nothing, throws nothing. */
export function readDataset(text: string): DatasetReading {
  const source = readYaml(text, {}, () => true)
  if (source.value === undefined) return { problems: source.problems, source }
  const { data, error } = datasetConfig.safeParse(source.value, { error: describeIssue })
  const names = new Map<string, number>()
  const twice = (data?.patterns ?? []).flatMap(({ name }, i): Problem[] => {
    const before = names.get(name)
    names.set(name, i)
    return before === undefined
      ? []
      : [
          {
            ...source.at(['patterns', i, 'name']),
            message: `patterns[${i}].name: "${name}" is taken already, by patterns[${before}]`,
          },
        ]
  })
  const problems = inOrder([...source.problems, ...problemsOf(error?.issues ?? [], source), ...twice])
  return problems.length === 0 && data !== undefined ? { file: data, problems, source } : { problems, source }
}

/** @throws UserError (78) that names every problem with its place */
export function readDatasetFile(path: string, withSamples: boolean): { file: DatasetFile; source: Source } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`the dataset file can't be read: ${error instanceof Error ? error.message : String(error)}`, 78)
  }
  const { file, problems, source } = readDataset(withSamples ? text : withoutSamples(text))
  if (file === undefined) throw new UserError(showProblems(path, problems), 78)
  return { file, source }
}

/** All `*.yaml` of the directories, in the order of their names; of two files with one name the later directory's. */
export function datasetPaths(dirs: readonly string[]): string[] {
  const byName = new Map<string, string>()
  for (const dir of dirs) {
    let names: string[]
    try {
      names = readdirSync(dir)
    } catch (error) {
      throw new UserError(`datasets: ${error instanceof Error ? error.message : String(error)}`, 78)
    }
    for (const name of names) if (name.endsWith('.yaml')) byName.set(name, join(dir, name))
  }
  return [...byName.keys()].sort().map((name) => byName.get(name) ?? name)
}

/** What lanes need of all datasets: the shipped ones and those of the directories. @throws UserError (78) */
export function loadDatasets(dirs: readonly string[]): DatasetDefinition[] {
  const paths = datasetPaths([SHIPPED, ...dirs])
  return cached(paths, () => paths.map((path) => definitionOf(readDatasetFile(path, false).file, path)))
}

export function definitionOf({ samples: _, ...definition }: DatasetFile, file: string): DatasetDefinition {
  return { ...definition, file }
}

/** Samples are most of a file, and no lane needs them: where they stand at its end, they are not even read. */
function withoutSamples(text: string): string {
  const at = text.search(/^samples:/m)
  return at < 0 || /^[a-z]/m.test(text.slice(at + 8)) ? text : text.slice(0, at)
}

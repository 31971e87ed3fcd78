import type { DatasetDefinition } from '../dataset/format.ts'
import type { LaneOptions } from '../lane/options.ts'

/** Constant that each pattern sets in addition, so that an event tells which one made it. */
const MARK = 'coverage_mark'

/**
 * How much of a line is known. `full`: a pattern fits, or its text is JSON or key=value pairs that were lifted;
 * `partial`: free text of a dataset, with no more than its header's fields; `failed`: its dataset expects a pattern to
 * fit (`_grokparsefailure`); `none`: of no dataset.
 */
export type Degree = 'full' | 'partial' | 'failed' | 'none'
export const DEGREES: readonly Degree[] = ['full', 'partial', 'failed', 'none']

/** The same datasets, with patterns that leave their mark. */
export function marked(datasets: LaneOptions['datasets']): LaneOptions['datasets'] {
  if (datasets === undefined || datasets === null) return datasets
  const definitions = datasets.definitions.map((definition) => ({
    ...definition,
    patterns: definition.patterns.map((pattern) => ({ ...pattern, set: { ...pattern.set, [MARK]: pattern.name } })),
  }))
  return { ...datasets, definitions }
}

/** Tells the degree of events that lanes with `marked` datasets made. */
export function degreeReader(definitions: readonly DatasetDefinition[]): (event: unknown) => Degree {
  const lifted = [['json'], ['kv'], ...definitions.flatMap(liftedFields).map((field) => field.split('.'))]
  return (event) => {
    const dataset = at(event, ['event', 'dataset'])
    if (dataset === undefined) return 'none'
    const tags = at(event, ['tags'])
    if (Array.isArray(tags) && tags.includes('_grokparsefailure')) return 'failed'
    if (at(event, [MARK]) !== undefined) return 'full'
    return lifted.some((path) => at(event, path) !== undefined) ? 'full' : 'partial'
  }
}

function liftedFields({ values, dataset, services = {} }: DatasetDefinition): string[] {
  if (values === 'none') return []
  if (typeof values === 'string') {
    return [dataset, ...Object.keys(services).map((name) => `${dataset}.${name}`)].map((name) => `${name}.values`)
  }
  return [values.json, values.kv].filter((field) => field !== undefined)
}

/** The value below nested names; undefined: there is none. */
export function at(value: unknown, path: readonly string[]): unknown {
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  return value
}

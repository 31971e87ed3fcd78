import type { Config } from '../config/schema.ts'
import { didYouMean } from '../config/suggest.ts'
import { UserError } from '../errors.ts'
import type { LaneOptions } from '../lane/options.ts'
import { checkOwn } from './check.ts'
import { datasetNames } from './datasets.ts'
import { loadDatasets } from './load.ts'

/**
 * The datasets of a config, checked.
 * @throws UserError (78)
 */
export function datasetsOf(config: Config): LaneOptions['datasets'] {
  if (config.datasets === false) return null
  const definitions = loadDatasets(config.datasets)
  checkRoutes(config.routes, datasetNames(definitions))
  return { definitions, patterns: config.patterns, guarded: checkOwn(definitions, config.patterns) }
}

/** @throws UserError (78) that names every dataset that there is not */
function checkRoutes(routes: Config['routes'], names: readonly string[]): void {
  const problems = routes.flatMap((route) =>
    (route.datasets ?? [])
      .filter((name) => !names.includes(name))
      .map((name) => `route "${route.name}": there is no dataset "${name}"${didYouMean(name, names)}`),
  )
  if (problems.length > 0) throw new UserError(problems.join('\n'), 78)
}

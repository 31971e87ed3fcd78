import type { Config } from '../config/schema.ts'
import { didYouMean } from '../config/suggest.ts'
import { checkOwn } from '../dataset/check.ts'
import { datasetNames } from '../dataset/datasets.ts'
import { loadDatasets } from '../dataset/load.ts'
import { UserError } from '../errors.ts'
import { DAY } from '../event/by-day.ts'
import type { LaneOptions } from './options.ts'
import type { ZoneRule } from './zone-rules.ts'

/** Batches under way per lane: 8 MiB at most. */
const CREDITS = 8
/** For outputs whose config names no index; their action lines carry the event's day all the same. */
const INDEX = 'syslog-%Y.%m.%d'

/** What all lanes of a config have in common; the input adds its own. */
export function laneOptions(
  config: Config,
  stream: string,
  input: { name: string; timezone?: string | undefined; senders?: ZoneRule[] },
): LaneOptions {
  return {
    stream,
    input: input.name,
    shape: config.shape,
    timezone: input.timezone ?? config.timezone,
    senders: input.senders ?? [],
    routes: config.routes,
    filters: config.filters,
    datasets: datasetsOf(config),
    archive: config.archive === false ? null : config.archive.path,
    outputs: config.deliver.map((output) => ({
      name: output.name,
      index: 'index' in output ? output.index : INDEX,
    })),
    window: { back: 30 * DAY, ahead: DAY },
    credits: CREDITS,
  }
}

/** Read once a start, whatever the number of lanes. */
const loaded = new WeakMap<Config, LaneOptions['datasets']>()

/**
 * The datasets of a config, checked.
 * @throws UserError (78)
 */
export function datasetsOf(config: Config): LaneOptions['datasets'] {
  if (config.datasets === false) return null
  let datasets = loaded.get(config)
  if (datasets === undefined) {
    const definitions = loadDatasets(config.datasets)
    checkRoutes(config.routes, datasetNames(definitions))
    const guarded = checkOwn(definitions, config.patterns)
    datasets = { definitions, patterns: config.patterns, guarded }
    loaded.set(config, datasets)
  }
  return datasets
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

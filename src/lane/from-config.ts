import type { Config } from '../config/schema.ts'
import { DAY } from '../event/by-day.ts'
import type { LaneOptions } from './options.ts'
import type { ZoneRule } from './zone-rules.ts'

/** Batches under way per lane: 8 MiB at most. */
const CREDITS = 8
/** For outputs whose config names no index; their action lines carry the event's day all the same. */
const INDEX = 'syslog-%Y.%m.%d'

/** A config with the datasets that it names. */
export interface LoadedConfig {
  config: Config
  datasets: LaneOptions['datasets']
}

/** What all lanes of a config have in common; the input adds its own. */
export function laneOptions(
  { config, datasets }: LoadedConfig,
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
    datasets,
    archive: config.archive === false ? null : config.archive.path,
    outputs: config.deliver.map((output) => ({
      name: output.name,
      index: 'index' in output ? output.index : INDEX,
    })),
    window: { back: 30 * DAY, ahead: DAY },
    credits: CREDITS,
  }
}

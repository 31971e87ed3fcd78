import { Datasets } from '../dataset/datasets.ts'
import { type Culprit, Guard } from '../grok/guard.ts'
import { PatternLibrary } from '../grok/library.ts'
import type { LaneOptions } from './options.ts'

/** The compiled datasets, for all lanes of a thread: a tailed file is a lane, and there may be hundreds. */
export interface SharedDatasets {
  datasets: Datasets
  guard: Guard | null
  /** Told of a culprit: the lane whose lines are being read. */
  blame: (culprit: Culprit) => void
}

const made = new WeakMap<object, SharedDatasets>()

/** Null: lines are not parsed beyond their header. */
export function sharedDatasets(options: LaneOptions['datasets']): SharedDatasets | null {
  if (options === undefined || options === null) return null
  const known = made.get(options)
  if (known !== undefined) return known
  const { definitions, patterns, guarded } = options
  const guard = guarded ? new Guard({ onCulprit: (culprit) => shared.blame(culprit) }) : null
  const load = () => PatternLibrary.load({ vocabulary: 'ecs', dirs: patterns })
  const shared: SharedDatasets = { datasets: new Datasets(definitions, guard, load), guard, blame: () => {} }
  // Those for every program now, before anything is received: it takes as long as thousands of lines.
  shared.datasets.enricher({ host: '', program: '', facility: 0, severity: 0 })
  made.set(options, shared)
  return shared
}

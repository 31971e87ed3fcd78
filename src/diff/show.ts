import { loadConfig } from '../config/load.ts'
import { datasetsOf } from '../dataset/of-config.ts'
import { newStream } from '../event/ids.ts'
import { laneOptions } from '../lane/from-config.ts'
import type { LaneOptions } from '../lane/options.ts'
import type { Format } from '../replay/format.ts'
import { showProgress } from '../replay/progress.ts'
import { Recording } from '../replay/recording.ts'
import { diff } from './diff.ts'
import { DifferenceCounts } from './difference-counts.ts'
import { differenceLines } from './present.ts'

/**
 * Prints where two configs make different events of the same captures. True: they do.
 * @param json every difference as an object, one a line, in place of the summary
 * @throws UserError for configs and captures that can't be read
 */
export async function showDifferences(
  oldConfig: string,
  newConfig: string,
  { captures, format, json }: { captures: readonly string[]; format: Format | undefined; json: boolean },
): Promise<boolean> {
  const [before, after] = await Promise.all([laneOf(oldConfig), laneOf(newConfig)])
  const recording = new Recording(captures, Date.now(), format)
  await recording.prepare()
  const counts = new DifferenceCounts()
  const endProgress = showProgress(recording, 'read')
  const compared = await diff(before, after, recording, (difference) => {
    counts.add(difference)
    return json ? print(`${JSON.stringify(difference)}\n`) : undefined
  }).finally(endProgress)
  for (const [what, skipped] of recording.skipped) console.error(`skipped: ${skipped} ${what}`)
  if (!json) for (const line of differenceLines(counts, compared)) console.log(line)
  return counts.total > 0
}

/** Waits while the reader is slower, so that what it has not read does not fill the memory. */
function print(text: string): Promise<void> | undefined {
  if (process.stdout.write(text)) return undefined
  return new Promise((resolve) => process.stdout.once('drain', resolve))
}

async function laneOf(file: string): Promise<LaneOptions> {
  const config = await loadConfig(file)
  return laneOptions({ config, datasets: datasetsOf(config) }, newStream(), { name: 'replay' })
}

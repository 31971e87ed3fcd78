import { type Command, InvalidArgumentError, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { cover } from '../coverage/cover.ts'
import { coverageJson, coverageLines } from '../coverage/present.ts'
import { draftDataset } from '../coverage/skeleton.ts'
import { CoverageTally } from '../coverage/tally.ts'
import { datasetsOf } from '../dataset/of-config.ts'
import { newStream } from '../event/ids.ts'
import { laneOptions } from '../lane/from-config.ts'
import { parseCount } from '../replay/arguments.ts'
import { FORMATS, type Format } from '../replay/format.ts'
import { showProgress } from '../replay/progress.ts'
import { Recording } from '../replay/recording.ts'

interface Options {
  config?: string
  program?: string
  only?: string
  format?: Format
  limit: number
  draft?: boolean
  json?: boolean
}

export function define(command: Command): void {
  command
    .description('Tell which lines get a dataset, by program, and what the lines look like that no pattern fits.')
    .argument('<captures...>', 'log files and captures, as sluice replay reads them; - for stdin')
    .option('-c, --config <file>', 'take datasets, patterns and routes from this config')
    .option('--program <name>', 'the lines have no syslog header: they are of this program, as with tail')
    .option('--only <program>', 'only lines of this program')
    .addOption(
      new Option('--format <name>', 'what the files contain (default: seen by their content)').choices(FORMATS),
    )
    .option('--limit <n>', 'so many programs and shapes', count, 20)
    .option('--draft', 'propose a dataset file for the shapes of the program with most of them (see --only)')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(run)
}

const HELP = `
Each event counts once, by what is known of it:
  full     a pattern fits, or the text is JSON or key=value pairs
  partial  free text of a dataset: no more than its header's fields
  failed   its dataset expects that a pattern fits (_grokparsefailure)
  none     of no dataset
In shapes of lines, values are folded: numbers, addresses, ids, quoted texts, paths, times.

Examples:
  $ sluice coverage monday.capture
  $ sluice coverage /var/log/nova/nova-api.log --program nova-api
  $ sluice coverage /var/log/syslog.*.gz --only sshd --limit 5 --draft > sshd-more.yaml
  $ sluice test --file sshd-more.yaml`

async function run(files: string[], options: Options): Promise<void> {
  const { program, only, limit, format } = options
  const config = await loadConfig(options.config)
  const common = laneOptions({ config, datasets: datasetsOf(config) }, newStream(), { name: 'coverage' })
  const lane = program === undefined ? common : { ...common, fixed: { program, host: config.host } }
  const tally = new CoverageTally(lane.datasets?.definitions ?? [])
  const recording = new Recording(files, Date.now(), format)
  await recording.prepare()
  const endProgress = showProgress(recording, 'read')
  const covered = await cover(lane, recording, tally).finally(endProgress)
  for (const [what, skipped] of recording.skipped) console.error(`skipped: ${skipped} ${what}`)
  if (options.json) {
    console.log(JSON.stringify(coverageJson(tally, covered, { limit, only, draft: options.draft === true })))
    return
  }
  if (options.draft !== true) {
    for (const line of coverageLines(tally, covered, { limit, only })) console.log(line)
    return
  }
  const wanted = only ?? tally.shapes.most()
  const shapes = wanted === undefined ? [] : tally.shapes.top(limit, wanted)
  if (shapes.length === 0) console.error('A pattern fits every line: there is nothing to draft.')
  else process.stdout.write(draftDataset(shapes, lane))
}

function count(text: string): number {
  const value = parseCount(text)
  if (value === undefined) throw new InvalidArgumentError('Wanted a number from 1.')
  return value
}

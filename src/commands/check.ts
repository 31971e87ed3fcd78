import { type Command, Option } from 'commander'
import { parseRedisUrl } from '../buffer/redis/url.ts'
import { lint } from '../config/lint.ts'
import { DEFAULT_CONFIG, fingerprint, inOrder, problemOf, readConfig, readText, showProblems } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { showAddress } from '../config/units.ts'
import type { Problem } from '../config/yaml.ts'
import { datasetsOf } from '../dataset/of-config.ts'

interface Options {
  config: string
  json?: boolean
}

export function define(command: Command): void {
  command
    .description('Validate a config: every error with its place, what was probably not meant, and what would run.')
    .addOption(new Option('-c, --config <file>', 'config file').default(DEFAULT_CONFIG, 'deploy/default.yaml'))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nTouches neither disk nor network. Exit code 78 when there are errors, 0 otherwise.\n' +
        '\nExample:\n  $ sluice check -c sluice.yaml',
    )
    .action(check)
}

async function check({ config: file, json }: Options): Promise<void> {
  const { config, problems, source } = readConfig(await readText(file))
  if (config !== undefined) datasetsOf(config)
  const warnings = inOrder((config === undefined ? [] : lint(config)).map((finding) => problemOf(finding, source)))
  if (config === undefined) process.exitCode = 78
  if (json) console.log(JSON.stringify(asJson(file, config, problems, warnings), null, 2))
  else {
    if (problems.length > 0) console.error(showProblems(file, problems))
    const hints = warnings.map((warning) => ({ ...warning, message: `warning: ${warning.message}` }))
    if (hints.length > 0) console.error(showProblems(file, hints))
    console.log(config === undefined ? count(problems.length) : summary(file, config))
  }
}

function asJson(file: string, config: Config | undefined, errors: Problem[], warnings: Problem[]) {
  const valid = config !== undefined
  return { file, valid, errors, warnings, ...(valid ? { fingerprint: fingerprint(config), config } : {}) }
}

function count(errors: number): string {
  return errors === 1 ? '1 error' : `${errors} errors`
}

/** What `sluice run` would do with it, in a few lines. */
function summary(file: string, config: Config): string {
  const { receive, archive, routes, buffer, deliver, metrics } = config
  const rows = [
    ['config', `${file} is valid (${fingerprint(config)})`],
    ['data', config.data],
    ['receive', receive.map(({ name }) => name).join(', ') || 'nothing'],
    ['archive', archive === false ? 'none' : archive.path],
    ['routes', routes.map(({ name }) => name).join(', ') || 'none'],
    ['buffer', [...buffer.redis.map((url) => parseRedisUrl(url).name), buffer.disk.path].join(', ')],
    ['deliver', deliver.map(({ name }) => name).join(', ') || 'nowhere'],
    ['metrics', metrics === false ? 'none' : `http://${showAddress(metrics)}/metrics`],
  ]
  return rows.map(([name, value]) => `${name.padEnd(8)} ${value}`).join('\n')
}

import { type Command, Option } from 'commander'
import { DEFAULT_CONFIG, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type Connection, connect } from '../deliver/elasticsearch/cluster-connect.ts'
import type { ElasticsearchConfig } from '../deliver/elasticsearch/config.ts'
import { failureOf } from '../deliver/elasticsearch/failure.ts'
import { applySetup, nameOf, pathOf, planSetup, type SetupPlan } from '../deliver/elasticsearch/setup.ts'
import { requestLines, setupLines } from '../deliver/elasticsearch/setup-present.ts'
import { templatesFor } from '../deliver/elasticsearch/setup-templates.ts'
import type { TemplateSet } from '../deliver/elasticsearch/template.ts'
import { harmless } from '../deliver/store/print.ts'
import { UserError } from '../errors.ts'
import { clustersOf } from './cluster.ts'

interface Options {
  config: string
  output?: string
  dryRun?: boolean
  json?: boolean
}

export function define(command: Command): void {
  command
    .description(
      'Install the index templates of a config in its Elasticsearch; a shipper does the same when it starts.',
    )
    .addOption(new Option('-c, --config <file>', 'config file').default(DEFAULT_CONFIG, 'deploy/default.yaml'))
    .option('--output <name>', 'only this output of the config')
    .option('--dry-run', 'print what would be sent; without a cluster that answers, what a new one would be sent')
    .option('--json', 'print what was done, or would be, as JSON')
    .addHelpText(
      'after',
      `
Writes what is missing or not as it should be, and leaves alone what sluice has not made. Exit code 1 when something
keeps the templates from being used.

Examples:
  $ sluice setup -c sluice.yaml --dry-run
  $ sluice setup -c sluice.yaml`,
    )
    .action(setup)
}

async function setup(options: Options): Promise<void> {
  const config = await loadConfig(options.config)
  for (const output of clustersOf(config, options.output)) {
    const plan = options.dryRun ? await planned(config, output) : await applied(config, output)
    if (options.json) console.log(JSON.stringify(asJson(output, plan, options.dryRun === true)))
    else for (const line of options.dryRun ? requestLines(plan) : setupLines(plan)) console.log(harmless(line))
    const isUsed = plan.warnings.length === 0 && plan.steps.every(({ reason }) => reason === undefined)
    if (!isUsed) process.exitCode = 1
  }
}

async function applied(config: Config, output: ElasticsearchConfig): Promise<SetupPlan> {
  await using connection = await connect(output)
  const plan = await compared(connection, templatesFor(config, output))
  await applySetup(connection, plan)
  return plan
}

async function compared(connection: Connection, sets: readonly TemplateSet[]): Promise<SetupPlan> {
  try {
    return await planSetup(connection, sets)
  } catch (error) {
    throw new UserError(`${connection.node}: the templates can't be read: ${failureOf(error).reason}`)
  }
}

async function planned(config: Config, output: ElasticsearchConfig): Promise<SetupPlan> {
  const sets = templatesFor(config, output)
  try {
    await using connection = await connect(output)
    return await compared(connection, sets)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    console.error(`${error.message}\nWhat a new cluster would be sent:`)
    const steps = sets.flatMap(({ templates }) => templates.map((template) => ({ template, state: 'new' as const })))
    return { steps, warnings: [] }
  }
}

function asJson({ name }: ElasticsearchConfig, { steps, warnings }: SetupPlan, withBody: boolean) {
  return {
    output: name,
    templates: steps.map(({ template, state, reason }) => ({
      name: nameOf(template),
      path: pathOf(template),
      state,
      ...(reason !== undefined && { reason }),
      ...(withBody && { body: template.body }),
    })),
    warnings,
  }
}

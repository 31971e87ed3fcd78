import { type Command, Option } from 'commander'
import { DEFAULT_CONFIG, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { viewCluster } from '../deliver/elasticsearch/cluster.ts'
import { type Connection, connect } from '../deliver/elasticsearch/cluster-connect.ts'
import { clusterLines, retentionLines } from '../deliver/elasticsearch/cluster-present.ts'
import type { ElasticsearchConfig } from '../deliver/elasticsearch/config.ts'
import { failureOf } from '../deliver/elasticsearch/failure.ts'
import { retentionPlan } from '../deliver/elasticsearch/retention.ts'
import { harmless } from '../deliver/store/print.ts'
import { UserError } from '../errors.ts'

interface Options {
  config: string
  output?: string
  retention?: boolean
  json?: boolean
}

export function define(command: Command): void {
  command
    .description(
      'Show the Elasticsearch cluster: nodes, indices, copies, disk, and what one or two dead nodes would cost.',
    )
    .addOption(new Option('-c, --config <file>', 'config file').default(DEFAULT_CONFIG, 'deploy/default.yaml'))
    .option('--output <name>', 'only this output of the config')
    .option('--retention', 'show what the retention rules would remove now; nothing is removed')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Works as long as one node of the config answers. Exit code 1: data is not there, no master is elected, or no node
answers.

Examples:
  $ sluice cluster -c sluice.yaml
  $ sluice cluster -c sluice.yaml --retention
  $ sluice cluster -c sluice.yaml --json | jq '.survival.one'`,
    )
    .action(cluster)
}

/** The outputs of a config that are clusters. @throws UserError (2) when there is none, or none of that name */
export function clustersOf(config: Config, name?: string): ElasticsearchConfig[] {
  const all = config.deliver.filter((output) => output.kind === 'elasticsearch')
  const chosen = name === undefined ? all : all.filter((output) => output.name === name)
  if (chosen.length > 0) return chosen
  const names = all.map((output) => output.name).join(', ')
  throw new UserError(
    all.length === 0
      ? 'The config delivers to no Elasticsearch: wanted an output `elasticsearch` under `deliver`. See: sluice check'
      : `The config has no output elasticsearch of the name "${name}" (there are: ${names}).`,
    2,
  )
}

async function cluster(options: Options): Promise<void> {
  const config = await loadConfig(options.config)
  for (const output of clustersOf(config, options.output)) {
    await using connection = await connect(output)
    try {
      await (options.retention ? showRetention : showCluster)(output, connection, options.json === true)
    } catch (error) {
      if (error instanceof UserError) throw error
      throw new UserError(`${connection.node}: ${failureOf(error).reason}`)
    }
  }
}

async function showCluster(output: ElasticsearchConfig, connection: Connection, asJson: boolean): Promise<void> {
  const view = await viewCluster(connection)
  const { node, version } = connection
  if (asJson) console.log(JSON.stringify({ output: output.name, node, version, ...view }))
  else {
    console.log(`${view.cluster}, Elasticsearch ${version}, as ${node} sees it\n`)
    for (const line of clusterLines(view, output.index)) console.log(harmless(line.trimEnd()))
  }
  if (view.master === null || view.survival.missing.length > 0) process.exitCode = 1
}

async function showRetention(output: ElasticsearchConfig, cluster: Connection, asJson: boolean): Promise<void> {
  const { index, retention: rules, isDataStream } = output
  if (rules.days === undefined && rules.size === undefined) {
    throw new UserError(`The output ${output.name} has no retention rules: nothing is ever removed.`, 2)
  }
  if (isDataStream)
    throw new UserError('Of a data stream the cluster itself removes what is old, by its life cycle.', 2)
  const plan = await retentionPlan({ cluster, index, rules, now: Date.now() })
  if (asJson) console.log(JSON.stringify({ output: output.name, rules, ...plan }))
  else for (const line of retentionLines(plan)) console.log(harmless(line.trimEnd()))
}

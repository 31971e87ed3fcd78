import { relative } from 'node:path'
import { parseRedisUrl } from '../buffer/redis/url.ts'
import type { Config, DeliverConfig } from '../config/schema.ts'
import type { Input } from './inputs.ts'

/** What runs where, and what to type next. */
export function banner(config: Config, inputs: readonly Input[], startMillis: number): string {
  const here = (path: string) => {
    const near = relative('', path)
    return near === '' || near.startsWith('..') ? path : `./${near}`
  }
  const { port } = inputs.find((_, i) => config.receive[i]?.kind === 'udp') ?? {}
  const data = here(config.data)
  const dataOption = data === './data' ? '' : ` --data ${data}`
  const rows: [string, string][] = [
    ...inputs.map(({ description }): [string, string] => ['receives', description]),
    ...(config.archive === false ? [] : [['archives', here(config.archive.path)] as [string, string]]),
    ...config.buffer.redis.map((url): [string, string] => ['buffers', parseRedisUrl(url).name]),
    ['buffers', here(config.buffer.disk.path)],
    ...config.deliver.map((output): [string, string] => ['delivers', `${output.name}: ${placeOf(output, here)}`]),
    ...(config.metrics === false
      ? []
      : [['metrics', `http://${config.metrics.host}:${config.metrics.port}/metrics`] as [string, string]]),
  ]
  const next = [
    ...(port === undefined ? [] : [`logger -n 127.0.0.1 -P ${port} -d "hello sluice"`]),
    ...(config.deliver.every(({ kind }) => kind !== 'store') ? [] : [`npx sluice query hello${dataOption}`]),
    `npx sluice status${dataOption}`,
  ]
  return [
    `sluice is ready after ${(startMillis / 1000).toFixed(2)} s. Ctrl-C stops it and prints the ledger.`,
    ...rows.map(([what, where]) => `  ${what.padEnd(9)} ${where}`),
    'Try:',
    ...next.map((line) => `  ${line}`),
  ].join('\n')
}

function placeOf(output: DeliverConfig, here: (path: string) => string): string {
  switch (output.kind) {
    case 'elasticsearch':
      return output.nodes.join(', ')
    case 'redis-list':
      return `${parseRedisUrl(output.server).name}, list ${output.key}`
    case 'stdout':
      return 'the standard output'
    case 'file':
    case 'store':
      return here(output.path)
  }
}

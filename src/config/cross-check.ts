import type { z } from 'zod'
import { receiveConfig } from '../receive/config.ts'
import { routeConfig } from '../route/config.ts'
import { filterReferences } from './filter-references.ts'
import { deliverConfig } from './schema.ts'
import { didYouMean } from './suggest.ts'
import { address, showAddress } from './units.ts'
import { type Path, showPath } from './yaml.ts'

export interface Finding {
  path: Path
  /** Both from 1, within the text at `path`. */
  inside?: { line: number; column: number }
  message: string
}

/**
 * What only shows when several parts are seen together. Works on whatever parts are right by themselves, so that one
 * run names all errors.
 */
export function crossCheck(raw: unknown): Finding[] {
  const file: Record<string, unknown> = typeof raw === 'object' && raw !== null ? { ...raw } : {}
  const inputs = valid(file.receive, receiveConfig)
  const routes = valid(file.routes, routeConfig)
  const outputs = valid(file.deliver, deliverConfig)

  const findings = [
    ...duplicates(
      routes,
      ({ name }) => `the name "${name}"`,
      (index) => ['routes', index, 'name'],
    ),
    ...duplicates(
      outputs,
      ({ name }) => `the name "${name}"`,
      (index) => ['deliver', index],
    ),
    ...duplicates(
      outputs.flatMap(([index, output]) => ('path' in output ? [[index, output] as const] : [])),
      ({ path }) => `the path "${path}"`,
      (index) => ['deliver', index],
    ),
    ...duplicates(
      outputs.filter(([, { kind }]) => kind === 'stdout'),
      () => 'the standard output',
      (index) => ['deliver', index],
    ),
    ...duplicates(
      inputs.filter(([, { kind }]) => kind === 'redis-list'),
      ({ name }) => `the input "${name}"`,
      (index) => ['receive', index],
    ),
    ...withoutOutput(inputs, outputs),
  ]
  const names = outputs.map(([, { name }]) => name)
  for (const [index, { deliver }] of routes)
    for (const [i, name] of (deliver || []).entries())
      if (!names.includes(name) && outputs.length === length(file.deliver))
        findings.push({
          path: ['routes', index, 'deliver', i],
          message: `there is no output "${name}"${didYouMean(name, names)} (outputs: ${names.join(', ') || 'none'})`,
        })
  return [
    ...findings,
    ...filterReferences(
      file.filters,
      routes.flatMap(([index, { filter }]): [Path, string][] =>
        filter === undefined ? [] : [[['routes', index, 'filter'], filter]],
      ),
    ),
    ...portClashes(inputs, file.metrics),
  ]
}

/** Lines may be for the archive alone; what is taken out of a list has to go somewhere. */
function withoutOutput(inputs: Numbered<z.output<typeof receiveConfig>>, outputs: Numbered<unknown>): Finding[] {
  if (outputs.length > 0) return []
  return inputs.flatMap(([index, { kind }]) =>
    kind === 'redis-list'
      ? [{ path: ['receive', index], message: 'events of a list need an output in `deliver`' }]
      : [],
  )
}

type Numbered<T> = [index: number, item: T][]

function length(list: unknown): number {
  return Array.isArray(list) ? list.length : 0
}

function valid<T extends z.ZodType>(list: unknown, schema: T): Numbered<z.output<T>> {
  if (!Array.isArray(list)) return []
  return list.flatMap((item, index): Numbered<z.output<T>> => {
    const { data, success } = schema.safeParse(item)
    return success ? [[index, data]] : []
  })
}

function duplicates<T>(items: Numbered<T>, what: (item: T) => string, path: (index: number) => Path): Finding[] {
  const first = new Map<string, number>()
  return items.flatMap(([index, item]) => {
    const key = what(item)
    const before = first.get(key)
    if (before === undefined) first.set(key, index)
    return before === undefined
      ? []
      : [{ path: path(index), message: `${key} is taken already, by ${showPath(path(before).slice(0, 2))}` }]
  })
}

interface Listener {
  protocol: 'udp' | 'tcp'
  host: string
  port: number
  path: Path
}

/** Two listeners of one protocol on one port, where one's address contains the other's. Port 0 is a free one. */
function portClashes(inputs: Numbered<z.output<typeof receiveConfig>>, metrics: unknown): Finding[] {
  const listeners: Listener[] = inputs.flatMap(([index, input]) =>
    input.kind === 'tail' || input.kind === 'redis-list'
      ? []
      : [{ protocol: input.kind, host: input.host, port: input.port, path: ['receive', index, input.kind] }],
  )
  const page = metrics === false ? undefined : address('127.0.0.1').safeParse(metrics ?? '127.0.0.1:9514').data
  if (page !== undefined) listeners.push({ protocol: 'tcp', ...page, path: ['metrics'] })
  return listeners.flatMap((listener, i) => {
    const other = listeners.slice(0, i).find((earlier) => clash(earlier, listener))
    return other === undefined
      ? []
      : [
          {
            path: listener.path,
            message: `${listener.protocol} ${showAddress(listener)} is taken already, by ${showPath(other.path.slice(0, 2))}`,
          },
        ]
  })
}

function clash(a: Listener, b: Listener): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port || a.port === 0) return false
  if (a.host.includes(':') !== b.host.includes(':')) return false
  return a.host === b.host || ['0.0.0.0', '::'].some((any) => a.host === any || b.host === any)
}

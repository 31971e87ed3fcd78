import { table } from '../../ledger/present.ts'
import type { ClusterIndex, ClusterNode, ClusterView } from './cluster.ts'
import type { Loss, Survival } from './cluster-survival.ts'
import { periodOf, type RetentionPlan } from './retention-plan.ts'

const number = new Intl.NumberFormat('en-US')
const UNITS = ['b', 'kb', 'mb', 'gb', 'tb']
/** Names of indices in one line. */
const NAMED = 5

/** The cluster as lines for people. @param index of the config: its indices come one by one, the others in a sum. */
export function clusterLines(view: ClusterView, index: string): string[] {
  const isOurs = (name: string) => periodOf(index, name) !== null || isOf(index, name)
  const ours = view.indices.filter(({ name }) => isOurs(name))
  const others = view.indices.filter(({ name }) => !isOurs(name))
  return [
    ...table(['node', 'roles', 'copies of shards', 'disk used', 'disk free', ''], view.nodes.map(nodeRow)),
    '',
    ...indexLines(ours, index),
    `and ${number.format(others.length)} other indices with ${size(sum(others))}`,
    '',
    ...survivalLines(view),
  ]
}

/** A name without a date, or a data stream's backing index. */
function isOf(index: string, name: string): boolean {
  return name === index || new RegExp(`^\\.ds-${RegExp.escape(index)}-[\\d.]+-\\d{6}$`).test(name)
}

function nodeRow({ name, roles, isMaster, isUp, copies, disk }: ClusterNode): string[] {
  const known = ['master', 'data', 'ingest'].filter((role) =>
    roles.some((one) => one === role || one.startsWith(`${role}_`)),
  )
  return [
    name,
    known.join(' '),
    number.format(copies),
    ...(disk === null ? ['?', '?'] : [size(disk.total - disk.available), size(disk.available)]),
    isUp ? (isMaster ? 'elected master' : '') : 'DOES NOT ANSWER',
  ]
}

function indexLines(indices: readonly ClusterIndex[], index: string): string[] {
  if (indices.length === 0) return [`there are no indices of ${index} yet`]
  const rows = indices.map(({ name, shards, copies, inService, events, bytes }) => [
    name,
    number.format(shards),
    inService === 0 ? 'NOT ALL THERE' : `${inService} of ${copies}`,
    events === null ? '?' : number.format(events),
    size(bytes),
  ])
  return table(['index', 'shards', 'copies', 'events', 'size'], [...rows, ['together', '', '', '', size(sum(indices))]])
}

export function survivalLines({ master, survival, nodes }: ClusterView): string[] {
  const { missing, one, two, quorum } = survival
  const now: string[] = []
  if (missing.length > 0) now.push(`now: data is not there: no node that is up has ${names(missing)}`)
  if (master === null) {
    const { up, needed, voters } = quorum
    now.push(
      `now: no master is elected, nothing can be written: ${up} of ${voters} voters are up, ${needed} are needed`,
    )
  }
  const isUp = nodes.filter((node) => node.isUp).length
  return [
    ...now,
    ...deathLines('if one node dies', one, survival, 1),
    ...(isUp < 2 ? [] : deathLines('if two nodes die at once', [...one, ...two], survival, 2)),
  ]
}

function deathLines(when: string, losses: readonly Loss[], { missing, quorum }: Survival, deaths: number): string[] {
  const all = missing.length === 0 ? 'all data still there' : 'nothing more is lost'
  const data =
    losses.length === 0
      ? [`${when}: ${all}`]
      : [
          `${when}: data would be lost`,
          ...losses.map(({ nodes, indices }) => `  with ${nodes.join(' and ')}: ${names(indices)}`),
        ]
  const { voters, up, needed, spare } = quorum
  if (spare < 0) return data
  const votes = `${up} of ${voters} voters are up, ${needed} are needed`
  return [
    ...data,
    spare >= deaths
      ? `  the others elect a master (${votes})`
      : `  no master could be elected and nothing be written, should ${spare + 1} voter${spare === 0 ? '' : 's'} be among them (${votes})`,
  ]
}

/** What retention would do now, or why it does nothing. */
export function retentionLines(plan: RetentionPlan & { unmarked: string[] }): string[] {
  const { gone, held, before, after, unmarked } = plan
  const row = (verb: string) => (removal: RetentionPlan['gone'][number]) => {
    const { index, rule } = removal
    return [index.name, verb, rule, number.format(index.events), size(index.bytes)]
  }
  const rows = [...gone.map(row('goes')), ...held.map(row('held: events that wait may belong there'))]
  return [
    ...(rows.length === 0 ? ['no index would go'] : table(['index', '', 'rule', 'events', 'size'], rows)),
    `${size(before)} now, ${size(after)} then`,
    ...(unmarked.length === 0 ? [] : [`never touched, since sluice's templates did not make them: ${names(unmarked)}`]),
  ]
}

function names(all: readonly string[]): string {
  const rest = all.length - NAMED
  return `${all.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${number.format(rest)} more` : ''}`
}

function sum(indices: readonly ClusterIndex[]): number | null {
  return indices.reduce<number | null>(
    (total, { bytes }) => (total === null || bytes === null ? null : total + bytes),
    0,
  )
}

/** `1.5gb`, as configs say it; `?` when it is not known. */
export function size(bytes: number | null): string {
  if (bytes === null) return '?'
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const value = bytes / 1024 ** unit
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}${UNITS[unit]}`
}

import { Counter, Gauge, Registry } from 'prom-client'
import type { LedgerReport } from './report.ts'

const FAMILIES = {
  received: counter('sluice_received_total', 'Datagrams and frames received', ['input']),
  bytes: counter('sluice_received_bytes_total', 'Their bytes', ['input']),
  refused: counter('sluice_refused_total', 'Received from senders that are not allowed', ['input']),
  kernelDrops: counter('sluice_kernel_drops_total', 'Dropped by the kernel before they were received', ['input']),
  flags: counter('sluice_flagged_total', 'Events with something missing or doubtful', ['input', 'flag']),
  dropped: counter('sluice_dropped_total', 'Events dropped on purpose by a rule', ['rule']),
  buffered: gauge('sluice_buffered_events', 'Events that wait for their output', ['output']),
  bufferedBytes: gauge('sluice_buffered_bytes', 'Bytes of the buffer', ['output']),
  oldest: gauge('sluice_buffered_oldest_seconds', 'Age of the oldest event that waits', ['output']),
  handedOn: counter('sluice_handed_on_total', 'Events put into a buffer on another machine', ['output']),
  delivered: counter('sluice_delivered_total', 'Events delivered', ['output']),
  duplicates: counter('sluice_duplicates_total', 'Events delivered again, absorbed by their ids', ['output']),
  dead: gauge('sluice_dead_letters', 'Events that the output refused, kept as dead letters', ['output']),
  archivedOnly: counter('sluice_archived_only_total', 'Events that routes keep from this output', ['output']),
  lost: counter('sluice_lost_total', 'Events lost, by reason', ['output', 'reason']),
  inHand: gauge('sluice_in_hand_events', 'Events being parsed or written to the buffer', ['output']),
  closes: gauge('sluice_ledger_closes', '1 when the sum of what was received is accounted for', ['output']),
  redisUp: gauge('sluice_redis_up', '1 while the Redis takes and gives batches', ['redis']),
  singleCopies: counter('sluice_single_copies_total', 'Batches of which a mirror kept one copy only', []),
  archived: counter('sluice_archived_lines_total', 'Lines written to the archive', []),
  archiveFailed: counter('sluice_archive_failed_lines_total', 'Lines that the archive could not write', ['reason']),
  archiveUncertain: counter(
    'sluice_archive_uncertain_lines_total',
    'Lines written to the archive or lost in a crash',
    [],
  ),
  archiveOverflow: counter('sluice_archive_overflow_lines_total', 'Lines that went to _overflow.log', []),
}

function counter(name: string, help: string, labelNames: string[]) {
  return { make: (registry: Registry) => new Counter({ name, help, labelNames, registers: [registry] }) }
}

function gauge(name: string, help: string, labelNames: string[]) {
  return {
    make: (registry: Registry) => {
      const made = new Gauge({ name, help, labelNames, registers: [registry] })
      return { inc: (labels: Record<string, string>, value: number) => made.set(labels, value) }
    },
  }
}

/** A report in Prometheus' text format. The counters are the ledger's own and survive a restart. */
export async function metricsOf(report: LedgerReport): Promise<{ type: string; text: string }> {
  const registry = new Registry()
  const add = (family: keyof typeof FAMILIES, labels: Record<string, string>, value: number) => {
    const made = families.get(family) ?? FAMILIES[family].make(registry)
    families.set(family, made)
    made.inc(labels, value)
  }
  const families = new Map<string, { inc(labels: Record<string, string>, value: number): void }>()
  const dropped = new Map<string, number>()
  for (const [input, counters] of Object.entries(report.inputs)) {
    add('received', { input }, counters.received)
    add('bytes', { input }, counters.bytes)
    add('refused', { input }, counters.refused)
    add('kernelDrops', { input }, counters.kernel_drops)
    for (const [name, n] of Object.entries(counters)) {
      if (name.startsWith('flag:')) add('flags', { input, flag: name.slice(5) }, n)
      else if (name.startsWith('dropped:')) dropped.set(name.slice(8), (dropped.get(name.slice(8)) ?? 0) + n)
    }
  }
  for (const [rule, n] of dropped) add('dropped', { rule }, n)
  for (const { output, lost, ...row } of report.outputs) {
    add('buffered', { output }, row.buffered)
    add('bufferedBytes', { output }, row.bufferedBytes)
    add('oldest', { output }, row.oldest === null ? 0 : (Date.now() - Date.parse(row.oldest)) / 1000)
    add('handedOn', { output }, row.handedOn)
    add('delivered', { output }, row.delivered)
    add('duplicates', { output }, row.duplicates)
    add('dead', { output }, row.dead)
    add('archivedOnly', { output }, row.archivedOnly)
    add('inHand', { output }, row.inHand)
    add('closes', { output }, row.closes ? 1 : 0)
    for (const [reason, n] of Object.entries(lost)) add('lost', { output, reason }, n)
  }
  for (const { output, delivered, duplicates, dead, lost } of report.taken) {
    add('delivered', { output }, delivered)
    add('duplicates', { output }, duplicates)
    add('dead', { output }, dead)
    for (const [reason, n] of Object.entries(lost)) add('lost', { output, reason }, n)
  }
  for (const { name, trouble } of report.redis) add('redisUp', { redis: name }, trouble === null ? 1 : 0)
  if (report.redis.length > 0) add('singleCopies', {}, report.singleCopies)
  add('archived', {}, report.archive.lines)
  add('archiveOverflow', {}, report.archive.overflowed)
  add('archiveUncertain', {}, report.archive.uncertain)
  for (const [reason, n] of Object.entries(report.archive.failed)) add('archiveFailed', { reason }, n)
  return { type: registry.contentType, text: await registry.metrics() }
}

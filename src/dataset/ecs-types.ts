/** Types that an index knows a field by. */
export const FIELD_TYPES = [
  'keyword',
  'long',
  'double',
  'boolean',
  'ip',
  'date',
  'text',
  'wildcard',
  'flattened',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

const ENDPOINTS = ['source', 'destination', 'client', 'server']

/**
 * Fields of the Elastic Common Schema (https://www.elastic.co/docs/reference/ecs/ecs-field-reference) that are no
 * keywords. A test compares them with the official list.
 */
const ECS_TYPES: Readonly<Record<string, FieldType>> = {
  '@timestamp': 'date',
  ...Object.fromEntries(
    ENDPOINTS.flatMap((end): [string, FieldType][] => [
      [`${end}.ip`, 'ip'],
      [`${end}.port`, 'long'],
      [`${end}.bytes`, 'long'],
      [`${end}.packets`, 'long'],
      [`${end}.nat.ip`, 'ip'],
      [`${end}.nat.port`, 'long'],
    ]),
  ),
  'container.memory.usage': 'double',
  'dns.answers.ttl': 'long',
  'dns.resolved_ip': 'ip',
  'email.message_id': 'wildcard',
  'error.message': 'text',
  'error.stack_trace': 'wildcard',
  'event.created': 'date',
  'event.duration': 'long',
  'event.end': 'date',
  'event.ingested': 'date',
  'event.sequence': 'long',
  'event.severity': 'long',
  'event.start': 'date',
  'file.created': 'date',
  'file.mtime': 'date',
  'file.size': 'long',
  'host.ip': 'ip',
  'host.uptime': 'long',
  'http.request.body.bytes': 'long',
  'http.request.body.content': 'wildcard',
  'http.request.bytes': 'long',
  'http.response.body.bytes': 'long',
  'http.response.bytes': 'long',
  'http.response.status_code': 'long',
  'log.origin.file.line': 'long',
  'log.syslog.facility.code': 'long',
  'log.syslog.priority': 'long',
  'log.syslog.severity.code': 'long',
  'log.syslog.structured_data': 'flattened',
  message: 'text',
  'network.bytes': 'long',
  'network.forwarded_ip': 'ip',
  'network.packets': 'long',
  'observer.ip': 'ip',
  'package.installed': 'date',
  'package.size': 'long',
  'process.args_count': 'long',
  'process.command_line': 'wildcard',
  'process.exit_code': 'long',
  'process.parent.command_line': 'wildcard',
  'process.parent.pid': 'long',
  'process.pid': 'long',
  'process.start': 'date',
  'process.thread.id': 'long',
  'process.uptime': 'long',
  'related.ip': 'ip',
  'tls.client.not_after': 'date',
  'tls.client.not_before': 'date',
  'tls.established': 'boolean',
  'tls.resumed': 'boolean',
  'url.full': 'wildcard',
  'url.original': 'wildcard',
  'url.path': 'wildcard',
  'url.port': 'long',
}

/** The type of an ECS field that is no keyword; undefined for keywords and for fields that ECS does not know. */
export function ecsType(field: string): FieldType | undefined {
  return Object.hasOwn(ECS_TYPES, field) ? ECS_TYPES[field] : undefined
}

export { ECS_TYPES }

/** Fields whose value ECS wants to be a list. */
export const ECS_LISTS: ReadonlySet<string> = new Set([
  'event.category',
  'event.type',
  'related.ip',
  'related.user',
  'related.hosts',
  'related.hash',
  'tags',
  'process.args',
  'host.ip',
  'host.mac',
])

/** Objects whose `ip` is written as `domain` when the text is a name: what a log calls a peer may be either. */
export function domainOf(field: string): string | null {
  return ENDPOINTS.some((end) => field === `${end}.ip`) ? `${field.slice(0, -3)}.domain` : null
}

/** What the event says by itself; a dataset can't say it too. */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  'message',
  'event',
  'event.created',
  'event.dataset',
  'event.ingested',
  'event.original',
  'host',
  'host.name',
  'log',
  'log.source',
  'log.source.address',
  'log.syslog',
  'process',
  'sluice',
  'sluice_flags',
  'type',
  'path',
  'program',
  'received_at',
  'syslog_severity',
  '@message',
  '@source_host',
  'tags',
  'related',
])

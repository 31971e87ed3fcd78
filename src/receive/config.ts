import { z } from 'zod'
import { camel, isNetwork, network, text, timezone } from '../config/fields.ts'
import { address, duration, showAddress, size } from '../config/units.ts'
import { redisListConfig } from './redis-list/config.ts'

const zone = timezone().optional().describe('zone of time stamps that name none; overrides the global `timezone`')

const senders = z
  .array(
    z.strictObject({
      match: text(
        'a network, an address or a host name',
        (match) => isNetwork(match) || /^[^\s/]+$/.test(match),
      ).describe('network, address, or the host name that the header gives'),
      timezone: timezone().describe('zone of their time stamps'),
    }),
  )
  .default([])
  .describe('senders whose clocks run in another zone; the first match counts')

const allow = z
  .array(network())
  .min(1)
  .optional()
  .describe('networks and addresses that may send; what others send is counted as refused. Absent: everybody')

const maxLength = size('480b', '8mb').prefault('64kb').describe('longer messages are cut here and flagged `truncated`')

const udp = z
  .strictObject({
    udp: address('0.0.0.0').describe('where to listen: `0.0.0.0:514`, `[::]:514`, or a bare port'),
    lanes: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('sockets on this port, each with a thread of its own; one serves about one core'),
    native: z
      .boolean()
      .default(true)
      .describe('receive many datagrams with one system call (Linux); `false`: through node:dgram'),
    receive_buffer: size('4kb', '1gb')
      .prefault('4mb')
      .describe('asked of the kernel for each socket; `net.core.rmem_max` bounds it'),
    max_length: maxLength,
    allow,
    timezone: zone,
    senders,
  })
  .transform(({ udp: at, ...rest }) => ({
    kind: 'udp' as const,
    name: `udp ${showAddress(at)}`,
    ...at,
    ...camel(rest),
  }))

const tcp = z
  .strictObject({
    tcp: address('0.0.0.0').describe('where to listen: `0.0.0.0:514`, `[::]:514`, or a bare port'),
    max_length: maxLength,
    max_connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe('further connections are closed at once, and counted'),
    idle_timeout: duration('1s').prefault('10m').describe('a silent connection is closed after this time'),
    flush_after: duration('10ms', '1h')
      .prefault('1s')
      .describe('a message without its newline counts as ended after this time'),
    allow,
    timezone: zone,
    senders,
  })
  .transform(({ tcp: at, ...rest }) => ({
    kind: 'tcp' as const,
    name: `tcp ${showAddress(at)}`,
    ...at,
    ...camel(rest),
  }))

const glob = text('a path or a glob', (glob) => glob.trim() !== '')

const tail = z
  .strictObject({
    tail: z.union([glob, z.array(glob).min(1)]).describe('file, glob, or list of them; followed through rotation'),
    program: z
      .string()
      .min(1)
      .optional()
      .describe('lines have no syslog header: the whole line is the message, of this program. Absent: they have one'),
    host: z.string().min(1).optional().describe('host of lines without a header. Absent: the own host name'),
    from: z.enum(['beginning', 'end']).default('beginning').describe('where a file seen for the first time is started'),
  })
  .transform(({ tail: globs, ...rest }) => {
    const list = typeof globs === 'string' ? [globs] : globs
    return { kind: 'tail' as const, name: `tail ${list.join(' ')}`, globs: list, ...rest }
  })

/** One input. */
export const receiveConfig = z.union([udp, tcp, tail, redisListConfig])
export type ReceiveConfig = z.output<typeof receiveConfig>

import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { freePort } from '../../test/support/programs.ts'
import { startBulkSink } from './bulk-sink.ts'
import { LineCounter } from './line-counter.ts'
import { launch, type Running, type Subject } from './subject.ts'

/** What every program does with a line in the comparison with peers. */
export type Work = 'file' | 'json' | 'bulk'

const CONFIGS = join(import.meta.dirname, '..', 'peers')
const UNPACKED = join(import.meta.dirname, '..', '..', '.cache', 'services')

interface Peer {
  name: string
  program: string
  config: string
  args(config: string, dir: string): string[]
  /** Replaces what depends on the work beyond the common places. */
  fill?(text: string, work: Work): string
}

const peers: Peer[] = [
  {
    name: 'rsyslog',
    program: 'rsyslogd',
    config: 'rsyslog.conf',
    args: (config, dir) => ['-n', '-f', config, '-i', join(dir, 'pid')],
  },
  {
    name: 'syslog-ng',
    program: 'syslog-ng',
    config: 'syslog-ng.conf',
    args: (config, dir) => [
      ...['-F', '--no-caps', '-f', config, '-R', join(dir, 'persist'), '-p', join(dir, 'pid'), '-c', join(dir, 'ctl')],
      `--module-path=${modulePath()}`,
    ],
    fill: (text, work) =>
      text.replace('@LOG@', work === 'file' ? 'destination(d_file);' : `parser(p_db); destination(d_${work});`),
  },
  {
    name: 'Fluent Bit',
    program: 'fluent-bit',
    config: 'fluent-bit.yaml',
    args: (config) => ['-q', '-c', config],
  },
]

/** Those of the known peers that this machine has, doing `work`. */
export function peersFor(work: Work): Subject[] {
  return peers.flatMap((peer) => {
    const path = find(peer.program)
    return path === null ? [] : [{ name: peer.name, start: (dir: string) => startPeer(peer, path, work, dir) }]
  })
}

/** The peers at hand, delivering to a bulk server that fails; null: only to know who they are. */
export function peersInto(sink: { port: number } | null): Subject[] {
  return peers.flatMap((peer) => {
    const path = find(peer.program)
    if (path === null) return []
    return [{ name: peer.name, start: (dir: string) => startPeer(peer, path, 'bulk', dir, sink?.port) }]
  })
}

async function startPeer(peer: Peer, path: string, work: Work, dir: string, failing?: number): Promise<Running> {
  const stack = new AsyncDisposableStack()
  const sink = stack.use(await startBulkSink())
  const udp = await freePort()
  const out = join(dir, 'out')
  mkdirSync(out)
  const places: Record<string, string> = {
    UDP: `${udp}`,
    TCP: `${udp}`,
    DIR: out,
    SINK: `${failing ?? sink.port}`,
    CONFIGS,
    WORK: work,
  }
  let text = readFileSync(join(CONFIGS, peer.config), 'utf8').replace(
    /@(UDP|TCP|DIR|SINK|CONFIGS|WORK)@/g,
    (_, name) => places[name] ?? '',
  )
  text = peer.fill?.(text, work) ?? text
  const config = join(dir, peer.config)
  writeFileSync(config, text)
  const { pid, startMillis } = stack.use(await launch(path, peer.args(config, dir), { udp, tcp: udp }))
  const files = new LineCounter(out, work === 'file' ? '.log' : '.json')
  return {
    udp: `udp://127.0.0.1:${udp}`,
    tcp: `tcp://127.0.0.1:${udp}`,
    pids: new Map([[peer.name, pid]]),
    startMillis,
    handled: async () => (work === 'bulk' ? (await sink.report()).events : files.count()),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function find(program: string): string | null {
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(dir, program), constants.X_OK)
      return join(dir, program)
    } catch {
      // Not here.
    }
  }
  return null
}

function modulePath(): string {
  return ['/usr/lib/syslog-ng/3.38', join(UNPACKED, 'usr/lib/syslog-ng/3.38')].join(delimiter)
}

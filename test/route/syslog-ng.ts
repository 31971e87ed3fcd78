import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { datagram, type TestLine } from './lines.ts'

const DEADLINE = 30_000

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + DEADLINE
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await pause(20)
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp6')
  socket.bind(0, '::')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

async function sender(from: string): Promise<Socket> {
  const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4')
  socket.bind(0, from)
  await once(socket, 'listening')
  return socket
}

/**
 * Runs the real syslog-ng with these statements behind a source `s`, sends it the lines, and stops it, so that all its
 * files are written.
 */
export async function throughSyslogNg(base: string, statements: string, lines: readonly TestLine[]): Promise<void> {
  const directory = await mkdtemp(join(base, 'syslog-ng-'))
  const port = await freePort()
  const seen = join(directory, 'seen.log')
  const config = join(directory, 'syslog-ng.conf')
  const network = (ip: string, version: number, tag: string): string =>
    `network(ip("${ip}") port(${port}) transport("udp") ip-protocol(${version}) tags("${tag}") so-rcvbuf(1048576)
     flags(validate-utf8) keep-timestamp(yes));`
  await writeFile(
    config,
    `@version: 3.38
options { keep-hostname(yes); use-dns(no); create-dirs(yes); stats-freq(0); threaded(no); };
source s { ${network('127.0.0.1', 4, 'v4a')} ${network('127.0.0.2', 4, 'v4b')} ${network('::1', 6, 'v6')} };
log { source(s); destination { file("${seen}" template("$MSG\\n")); }; };
filter f_not_ours { not program("^control$"); };
${statements}
`,
  )
  const state = ['-R', 'persist', '-c', 'control', '-p', 'pid'].map((word, i) => (i % 2 ? join(directory, word) : word))
  const child = spawn('syslog-ng', ['-F', '--no-caps', '-f', config, ...state], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Debian's is in a directory that only root has on its PATH.
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
  await once(child, 'spawn').catch((cause: unknown) => {
    throw new Error('syslog-ng can not be started: apt-get install --no-install-recommends syslog-ng-core', { cause })
  })
  const errors: string[] = []
  child.stderr.on('data', (text) => errors.push(String(text)))
  const ended = once(child, 'exit')
  const sockets = new Map<string, Socket>()
  try {
    for (const from of ['127.0.0.1', '127.0.0.2', '::1']) sockets.set(from, await sender(from))
    const send = (from: string, text: string): void => {
      sockets.get(from)?.send(text, port, from)
    }
    for (const from of sockets.keys()) {
      const mark = `begin ${from}`
      await until(
        async () => {
          if (child.exitCode !== null || child.signalCode !== null)
            throw new Error(`syslog-ng does not run: ${errors.join('')}`)
          send(from, `<13>Nov  5 09:00:00 test control: ${mark}`)
          return contains(seen, mark)
        },
        `syslog-ng listens to ${from}: ${errors.join('')}`,
      )
    }
    for (const [number, line] of lines.entries()) send(line.from ?? '127.0.0.1', datagram(line, number))
    for (const from of sockets.keys()) {
      send(from, `<13>Nov  5 09:00:00 test control: end ${from}`)
      await until(() => contains(seen, `end ${from}`), `syslog-ng has read all from ${from}`)
    }
  } finally {
    for (const socket of sockets.values()) socket.close()
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  }
}

async function contains(path: string, text: string): Promise<boolean> {
  if (!existsSync(path)) return false
  return (await readFile(path, 'utf8')).includes(text)
}

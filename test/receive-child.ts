/**
 * A receiver as a process of its own: takes inherited sockets, prints what it got when its stdin ends.
 *
 *   node test/receive-child.ts '{"udp":{…UdpOptions}}' or '{"tcp":{…TcpOptions}}'
 */
import { inheritedSockets } from '../src/receive/inherited.ts'
import { TcpInput } from '../src/receive/tcp.ts'
import { openUdp } from '../src/receive/udp/udp.ts'
import type { CoreReport } from './receive-core.ts'

const { udp, tcp } = JSON.parse(process.argv[2])
const inherited = await inheritedSockets()
const lines: string[] = []
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)
const stopped = new Promise((resolve) => process.stdin.resume().once('end', resolve))

if (udp !== undefined) {
  let drops = 0
  const receiver = await openUdp(
    udp,
    {
      onMessage(_, message) {
        const report = message as CoreReport
        drops = report.drops
        for (const { text } of report.lines) lines.push(text)
      },
      onFailure(_, error) {
        throw error
      },
    },
    inherited,
  )
  await receiver.start({ module: new URL('./receive-core.ts', import.meta.url).href, options: () => ({}) })
  say({ facts: receiver.facts, env: process.env.LISTEN_FDS ?? null })
  await stopped
  await receiver.stop()
  say({ lines, drops })
} else {
  const input = new TcpInput(tcp, {
    full: false,
    whenReady: () => Promise.resolve(),
    received() {},
    push: (bytes, start, end) => lines.push(Buffer.from(bytes.subarray(start, end)).toString()),
  })
  const facts = await input.start(inherited)
  say({ facts })
  await stopped
  await input.stop()
  say({ lines, counters: input.counters })
}

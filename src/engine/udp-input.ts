import type { ReceiveConfig } from '../config/schema.ts'
import { newStream } from '../event/ids.ts'
import type { FromLane, LaneCoreOptions, ToLane } from '../lane/core.ts'
import { laneOptions } from '../lane/from-config.ts'
import { inputName } from '../receive/listen-error.ts'
import { openUdp, type UdpFacts } from '../receive/udp/udp.ts'
import type { Input, InputContext } from './inputs.ts'

const CORE = new URL('../lane/core.ts', import.meta.url).href

/** Lanes on threads of their own. Nothing slows a UDP sender down: what the buffer can't take is lost, and counted. */
export async function openUdpInput(
  config: Extract<ReceiveConfig, { kind: 'udp' }>,
  context: InputContext,
): Promise<Input> {
  const { intake, ledger } = context
  let open = true
  const udp = await openUdp(
    config,
    {
      onMessage(lane, message) {
        const { kind, ...finished } = message as FromLane
        if ('batch' in finished) {
          const { body } = finished.batch
          void intake.batch(finished.batch, false).then(() => {
            const credit: ToLane = { kind: 'credit', body }
            if (open) udp.post(lane, credit)
          })
        } else if ('parts' in finished) intake.archive(finished.parts)
        else if ('reports' in finished) context.seen(finished.reports)
        else if ('counts' in finished) context.patterns(finished.counts)
        else if ('about' in finished) context.setAside(finished.about)
        else context.captureStopped(finished.stopped)
      },
      onFailure: (_, error) => context.failed(error),
    },
    context.inherited,
  )
  const { facts } = udp
  warn(facts, context)
  const optionsOf = (lane: number): LaneCoreOptions => {
    const stream = newStream()
    const socket = facts.sockets[lane]
    const drops = socket === null ? null : ledger.socketDrops(socket.inode, socket.bootId)
    return {
      lane: { ...laneOptions(context, stream, config), capture: context.capture },
      streams: ledger.streams,
      meta: {
        stream,
        input: config.name,
        lane,
        started: Date.now(),
        ...(socket === null ? {} : { socket: { inode: socket.inode, bootId: socket.bootId, dropsBefore: drops ?? 0 } }),
      },
    }
  }
  await udp.start({ module: CORE, options: optionsOf })
  const { length } = facts.sockets
  const how = `${length} ${length === 1 ? 'lane' : 'lanes'}${facts.native ? '' : ', through node:dgram'}`
  return {
    port: facts.port,
    description: `${inputName('udp', { host: facts.address, port: facts.port })} (${how}${facts.inherited ? ', socket taken over' : ''})`,
    async stop() {
      await udp.stop()
      open = false
    },
    shed(hosts) {
      const command: ToLane = { kind: 'shed', hosts }
      for (let lane = 0; lane < facts.sockets.length; lane++) udp.post(lane, command)
    },
  }
}

function warn({ shortfall, notNative }: UdpFacts, { log }: InputContext): void {
  if (notNative !== undefined) log.warn({ reason: notNative }, 'UDP is received through node:dgram, which is slower')
  if (shortfall === null) return
  const { asked, got, sysctl, value } = shortfall
  log.warn({ asked, got }, `the UDP receive buffer is smaller than asked for; to have it: sysctl -w ${sysctl}=${value}`)
}

import type { ReceiveConfig } from '../config/schema.ts'
import { newStream } from '../event/ids.ts'
import { laneOptions } from '../lane/from-config.ts'
import { inputName } from '../receive/listen-error.ts'
import { TcpInput } from '../receive/tcp.ts'
import type { Input, InputContext } from './inputs.ts'
import { MainLane } from './main-lane.ts'

/** One lane for all connections of a listener; senders are slowed down when it has no credits left. */
export async function openTcpInput(
  config: Extract<ReceiveConfig, { kind: 'tcp' }>,
  context: InputContext,
): Promise<Input> {
  const options = { ...laneOptions(context, newStream(), config), capture: context.capture }
  const lane = new MainLane({ ...context, lane: options })
  const tcp = new TcpInput(config, lane)
  try {
    const { inherited, port } = await tcp.start(context.inherited)
    return {
      port,
      description: `${inputName('tcp', { host: config.host, port })}${inherited ? ' (socket taken over)' : ''}`,
      async stop() {
        await tcp.stop()
        lane.stop()
      },
      shed() {},
    }
  } catch (error) {
    lane.stop()
    throw error
  }
}

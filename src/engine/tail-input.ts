import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReceiveConfig } from '../config/schema.ts'
import { laneOptions } from '../lane/from-config.ts'
import { Sender } from '../receive/sender.ts'
import { TailInput } from '../receive/tail/tail.ts'
import { tailHappened } from './happenings.ts'
import type { Input, InputContext } from './inputs.ts'
import { MainLane } from './main-lane.ts'

/** Longer lines are cut; what no log writes in one piece. */
const MAX_LENGTH = 64 << 10

/** Follows files. Each file is a stream with a lane of its own, so that its lines keep their ids over a crash. */
export async function openTailInput(
  input: Extract<ReceiveConfig, { kind: 'tail' }>,
  context: InputContext,
): Promise<Input> {
  const { config, ledger, buffer, log } = context
  const lanes = new Map<string, MainLane>()
  const host = input.host ?? config.host
  const fixed = input.program === undefined ? {} : { fixed: { program: input.program, host } }
  const numbers = (stream: string) =>
    Object.fromEntries(config.deliver.map(({ name }) => [name, buffer.lastNumber(name, stream)]))
  const states = join(config.data, 'tail')
  await mkdir(states, { recursive: true })
  const close = (stream: string) => {
    lanes.get(stream)?.stop()
    lanes.delete(stream)
  }
  const tail = new TailInput({
    patterns: input.globs,
    from: input.from,
    maxLength: MAX_LENGTH,
    sender: new Sender(host, true),
    stateFile: join(states, `${createHash('sha256').update(input.name).digest('hex').slice(0, 16)}.json`),
    resume: buffer.positions(),
    sinkFor({ stream, sequence }) {
      close(stream)
      const resume = { sequence, numbers: numbers(stream) }
      const lane = new MainLane({
        ...context,
        lane: { ...laneOptions(context, stream, input), ...fixed, resume, capture: context.capture },
        rereads: { before: ledger.appended(stream) },
        savePositions: (positions) => buffer.savePositions(positions),
      })
      lanes.set(stream, lane)
      return {
        push(bytes, start, end, sender, receivedAt, truncated, position) {
          lane.count(end - start)
          lane.push(bytes, start, end, sender, receivedAt, truncated, position)
        },
        together: (push) => lane.together(push),
        get full() {
          return lane.full
        },
        whenReady: () => lane.whenReady(),
      }
    },
    ended: close,
    onHappening: tailHappened(log),
  })
  tail.start()
  return {
    description: input.name,
    async stop() {
      await tail.stop()
      for (const stream of [...lanes.keys()]) close(stream)
    },
    shed() {},
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { Marks } from '../src/ledger/marks.ts'

/** An event that a sluice with this data directory finds in its buffer. */
export async function putInBuffer(data: string, output: string, index: string, received: number): Promise<void> {
  const marks = await Marks.open(join(data, 'ledger'), {})
  const buffer = await DiskBuffer.open({ path: join(data, 'buffer'), size: 1e9, age: 1e10, sync: '1s', marks })
  const action = { create: { _index: index, _id: 'one' } }
  const document = { '@timestamp': new Date(received).toISOString() }
  await buffer.append({
    ...{ stream: 'f'.repeat(16), number: 1, part: 0, output, count: 1, tally: [['unrouted', 'web1', 1]] },
    body: Buffer.from(`${JSON.stringify(action)}\n${JSON.stringify(document)}\n`),
    received: { from: received, to: received },
  })
  await buffer.close()
  await marks.close()
}

/** A process that removes old indices when it is elected (lifecycle-child.ts). */
export function startChild(nodes: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, ['test/lifecycle-child.ts', ...nodes], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  return {
    process: child,
    ended: once(child, 'exit'),
    said: (kind: string, index = '') =>
      text.split('\n').some((line) => line.includes(`"kind":"${kind}"`) && line.includes(index)),
  }
}

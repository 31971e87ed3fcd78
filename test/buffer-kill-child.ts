import { join } from 'node:path'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { allDone, lastAgain, makeBatch, restOf } from '../src/buffer/sample-batches.ts'
import { lockDirectory } from '../src/ledger/lock.ts'
import { Marks } from '../src/ledger/marks.ts'

/**
 * Writes and settles as fast as it can until it is killed. Prints one line each: `a <number>` when an append resolved,
 * `s <number> <part>` when a batch was settled. process.stdout to a pipe is synchronous, so that what was told is true.
 */
const [dir = '', first = '1'] = process.argv.slice(2)
await lockDirectory(dir)
const marks = await Marks.open(join(dir, 'ledger'), { compactAt: 20_000 })
const options = { size: 1e9, age: 1e9, sync: '1s' as const, segmentBytes: 50_000 }
const buffer = await DiskBuffer.open({ path: join(dir, 'buffer'), marks, ...options })

async function write() {
  for (let number = Number(first); ; number += 4) {
    const four = [0, 1, 2, 3].map(async (more) => {
      await buffer.append(makeBatch(number + more, { count: 2 + ((number + more) % 9) }))
      process.stdout.write(`a ${number + more}\n`)
    })
    await Promise.all(four)
  }
}

async function settle() {
  let turn = 0
  for await (const lease of buffer.leases('store', new AbortController().signal)) {
    const { number, part } = lease.batch
    // Some stay for the next process, some leave a rest.
    if (++turn % 7 === 0) continue
    const result = turn % 3 ? lease.settle(allDone(lease)) : lease.settle(lastAgain(lease), restOf(lease.batch))
    if ((await result) === 'settled') process.stdout.write(`s ${number} ${part}\n`)
  }
}

await Promise.all([write(), settle()])

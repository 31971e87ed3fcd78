import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BufferFull } from '../src/buffer/buffer.ts'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { allDone, makeBatch } from '../src/buffer/sample-batches.ts'
import type { Happening } from '../src/ledger/happening.ts'
import { Marks } from '../src/ledger/marks.ts'

/** Runs in a mount namespace of its own with `dir` on a small tmpfs, and prints what happened as JSON. */
const [dir = ''] = process.argv.slice(2)
const told: Happening[] = []
const onHappening = (happening: Happening) => told.push(happening)
/** Small, so that a segment takes more marks than the journal has room for by chance. */
const batch = (number: number) => makeBatch(number, { count: 4, pad: 470 })

async function open() {
  const marks = await Marks.open(join(dir, 'ledger'), { onHappening })
  const options = { size: 1e9, age: 1e9, sync: '1s' as const, segmentBytes: 400_000, onHappening }
  return { marks, buffer: await DiskBuffer.open({ path: join(dir, 'buffer'), marks, ...options }) }
}

async function appendFrom(buffer: DiskBuffer, first: number, most: number) {
  const taken: number[] = []
  const refused: string[] = []
  for (let number = first; number < first + most; number++) {
    try {
      await buffer.append(batch(number))
      taken.push(number)
    } catch (error) {
      refused.push(error instanceof BufferFull ? error.reason : String(error))
    }
  }
  return { taken, refused }
}

async function drain(buffer: DiskBuffer, most: number) {
  const numbers: number[] = []
  if (most === 0) return numbers
  for await (const lease of buffer.leases('store', new AbortController().signal)) {
    if (!Buffer.from(lease.batch.body).equals(batch(lease.batch.number).body)) throw new Error('another body')
    await lease.settle(allDone(lease))
    numbers.push(lease.batch.number)
    if (numbers.length === most) break
  }
  return numbers
}

const one = await open()
const full = await appendFrom(one.buffer, 1, 5000)
// The last bytes go to somebody else: not even the smallest record finds room that was not kept for it.
await writeFile(join(dir, 'ballast'), Buffer.alloc(9_000_000)).catch(() => {})
const none = await appendFrom(one.buffer, 5001, 5)
await one.buffer.close()
await one.marks.close()
const { bavail } = await statfs(dir)

// A start on the full disk, and a drain on it.
const two = await open()
const waiting = await two.buffer.depth()
const drained = await drain(two.buffer, waiting.batches)
await rm(join(dir, 'ballast'))
const again = await appendFrom(two.buffer, 5006, 20)
await two.buffer.close()
await two.marks.close()

const three = await open()
const left = await drain(three.buffer, (await three.buffer.depth()).batches)
const totals = three.marks.totals()
await three.buffer.close()
await three.marks.close()
const damages = told.filter(({ kind }) => kind !== 'write_failed')
process.stdout.write(JSON.stringify({ full, none, bavail, waiting, drained, again, left, totals, damages }))

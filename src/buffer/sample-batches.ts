import type { Batch, BatchBuffer, Lease, Outcome } from './buffer.ts'

/** A batch of `count` events with `pad` bytes each, and some. */
export function makeBatch(
  number: number,
  { stream = 'a'.repeat(16), output = 'store', count = 3, pad = 70 } = {},
): Batch {
  const text = `{"create":{}}\n{"n":"${stream}-${number}","pad":"${'x'.repeat(pad)}"}\n`
  const received = { from: Date.now(), to: Date.now() }
  const tally: Batch['tally'] = [
    ['unrouted', 'web1', count - 1],
    ['unrouted', 'web2', 1],
  ]
  // As lanes' bodies, which their threads share.
  const body = Buffer.from(new SharedArrayBuffer(text.length * count))
  body.write(text.repeat(count))
  return { stream, number, part: 0, output, count, body, tally, received }
}

/** What is left of a batch when its last event is to be tried again. */
export function restOf(batch: Batch): Batch {
  const body = Buffer.from(batch.body).subarray(-batch.body.length / batch.count)
  const tally: Batch['tally'] = [batch.tally.at(-1) ?? ['', '', 0]]
  return { ...batch, part: batch.part + 1, count: 1, body: Buffer.from(body), tally: [[tally[0][0], tally[0][1], 1]] }
}

export const allDone = ({ batch }: Lease): Outcome => ({ done: batch.count, duplicate: 0, exceptions: [] })

export const lastAgain = ({ batch }: Lease): Outcome => ({
  done: batch.count - 1,
  duplicate: 0,
  exceptions: [[batch.count - 1, 'retry', 'busy']],
})

/** The next `n` leases, or those that came until `signal` aborted. */
export async function take(buffer: BatchBuffer, n: number, output = 'store', signal?: AbortSignal): Promise<Lease[]> {
  const stop = new AbortController()
  const leases: Lease[] = []
  for await (const lease of buffer.leases(output, signal ?? stop.signal)) {
    leases.push(lease)
    if (leases.length === n) break
  }
  stop.abort()
  return leases
}

export async function takeOne(buffer: BatchBuffer, output = 'store'): Promise<Lease> {
  const [lease] = await take(buffer, 1, output)
  if (!lease) throw new Error('no lease came')
  return lease
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Lease } from '../buffer/buffer.ts'
import type { Grouping } from '../deliver/output.ts'

/** Groups leases that come soon after each other: as many as fit, whichever bound is reached first. */
export async function* gather(
  leases: AsyncIterable<Lease>,
  { batches, bytes: most, millis }: Grouping,
): AsyncGenerator<Lease[]> {
  const iterator = leases[Symbol.asyncIterator]()
  let next = iterator.next()
  for (;;) {
    const first = await next
    if (first.done === true) return
    const group = [first.value]
    let bytes = first.value.batch.body.byteLength
    const deadline = Date.now() + millis
    next = iterator.next()
    while (group.length < batches && bytes < most) {
      // A failure of the buffer shows itself again, once this group is on its way.
      const more = await before(next, deadline).catch(() => null)
      if (more === null || more.done === true || bytes + more.value.batch.body.byteLength > most) break
      group.push(more.value)
      bytes += more.value.batch.body.byteLength
      next = iterator.next()
    }
    yield group
  }
}

/** What `promise` holds, unless it takes until `deadline` (ms since the epoch). */
async function before<T>(promise: Promise<T>, deadline: number): Promise<T | null> {
  const timer = new AbortController()
  const wait = delay(Math.max(0, deadline - Date.now()), null, { signal: timer.signal }).catch(() => null)
  try {
    return await Promise.race([promise, wait])
  } finally {
    timer.abort()
  }
}

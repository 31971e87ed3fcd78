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
    // One timer a group: one a lease, with a signal to end it, was a twentieth of what a batch costs.
    let timer: NodeJS.Timeout | undefined
    const due = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, millis, null)
    })
    next = iterator.next()
    while (group.length < batches && bytes < most) {
      // A failure of the buffer shows itself again, once this group is on its way.
      const more = await Promise.race([next, due]).catch(() => null)
      if (more === null || more.done === true || bytes + more.value.batch.body.byteLength > most) break
      group.push(more.value)
      bytes += more.value.batch.body.byteLength
      next = iterator.next()
    }
    clearTimeout(timer)
    yield group
  }
}

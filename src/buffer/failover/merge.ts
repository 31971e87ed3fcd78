import type { Lease } from '../buffer.ts'

type Source = (signal: AbortSignal) => AsyncIterable<Lease>

/**
 * The leases of several buffers as they come, each buffer's in its own order, and none waiting for another. What was
 * taken and not asked for any more is given back.
 */
export async function* mergeLeases(sources: readonly Source[], signal: AbortSignal): AsyncGenerator<Lease> {
  const stop = new AbortController()
  const end = AbortSignal.any([signal, stop.signal])
  const iterators = sources.map((source) => source(end)[Symbol.asyncIterator]())
  type Iterator = (typeof iterators)[number]
  const next = new Map<Iterator, Promise<[Iterator, IteratorResult<Lease>]>>()
  let live = iterators
  try {
    while (live.length > 0) {
      for (const iterator of live) {
        if (!next.has(iterator)) {
          next.set(
            iterator,
            iterator.next().then((result) => [iterator, result]),
          )
        }
      }
      // The one that was served last stands last: a busy one does not keep the others waiting.
      const [iterator, result] = await Promise.race(next.values())
      next.delete(iterator)
      if (result.done === true) live = live.filter((other) => other !== iterator)
      else yield result.value
    }
  } finally {
    stop.abort()
    for (const [, result] of await Promise.all(next.values())) if (result.done !== true) await result.value.release()
  }
}

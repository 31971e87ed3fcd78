import { MarkSet } from '../ledger/mark-set.ts'
import { conformance } from './conformance.ts'
import { MemoryBuffer } from './memory.ts'

conformance('memory', { durable: false }, async ({ size, leaseMs }) => {
  const set = new MarkSet()
  const marks = {
    has: set.has.bind(set),
    record: async (mark: Parameters<MarkSet['add']>[0]) => (set.add(mark) ? ('first' as const) : ('again' as const)),
  }
  const buffer = new MemoryBuffer({ size, leaseMs, marks })
  return { buffer, totals: () => set.totals(), clean: () => buffer.close() }
})

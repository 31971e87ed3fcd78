import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Marks } from '../../ledger/marks.ts'
import { conformance, type Subject, type SubjectOptions } from '../conformance.ts'
import { DiskBuffer } from './disk.ts'

async function subject(dir: string, { size, leaseMs }: SubjectOptions): Promise<Subject> {
  const marks = await Marks.open(join(dir, 'ledger'))
  const path = join(dir, 'buffer')
  const buffer = await DiskBuffer.open({ path, size, age: 3_600_000, sync: '1s', marks, leaseMs })
  return {
    buffer,
    totals: () => marks.totals(),
    // The files as the kernel has them now, without a close.
    crash: async () => {
      const copy = await mkdtemp(join(tmpdir(), 'sluice-crash-'))
      await cp(dir, copy, { recursive: true })
      return subject(copy, { size, leaseMs })
    },
    clean: async () => {
      await buffer.close()
      await marks.close()
      await rm(dir, { recursive: true })
    },
  }
}

conformance('disk', { durable: true }, async (options) =>
  subject(await mkdtemp(join(tmpdir(), 'sluice-disk-')), options),
)

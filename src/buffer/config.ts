import { z } from 'zod'
import { duration, size } from '../config/units.ts'

const disk = z.strictObject({
  path: z.string().min(1).default('buffer').describe('directory of the segments; a relative one stands under `data`'),
  size: size('8mb')
    .prefault('1gb')
    .describe('budget; when it is used up, inputs are slowed down or lines dropped, counted'),
  age: duration('1m').prefault('7d').describe('batches that waited longer are dropped, counted'),
  sync: z
    .union([z.literal('batch'), duration('10ms', '1m')])
    .prefault('1s')
    .describe('what a power cut may cost: the last second (`1s`), or nothing (`batch`: each batch is synced, slower)'),
})

/** Where batches wait for their output. */
export const bufferConfig = z
  .strictObject({ disk: disk.prefault({}).describe('append-only segments on disk') })
  .prefault({})
  .describe('where batches wait until their output has taken them')

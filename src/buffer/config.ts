import { z } from 'zod'
import { duration, size } from '../config/units.ts'
import { redisUrl } from './redis/config.ts'

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
  .strictObject({
    disk: disk
      .prefault({})
      .describe('append-only segments on disk; with `redis` only for when none of these takes any'),
    redis: z
      .array(redisUrl)
      .default([])
      .describe('addresses of Redis servers, the preferred one first: batches wait there, for this sluice and others'),
    mode: z
      .enum(['failover', 'mirror'])
      .default('failover')
      .describe('`failover`: each batch in one Redis; `mirror`: a copy of it in the second of two'),
    memory: size('16mb')
      .prefault('1gb')
      .describe('what batches may take in each Redis, per output; copies again as much'),
    ship: z
      .boolean()
      .default(true)
      .describe(
        'with `redis`: whether this sluice delivers what waits there; `false`: others do, outputs are not opened',
      ),
  })
  .superRefine(({ redis: { length }, mode, ship }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (mode === 'mirror' && length !== 2)
      issue('mode', `a mirror needs two addresses in \`redis\`, there are ${length}`)
    if (!ship && length === 0) issue('ship', 'without `redis` nobody else can deliver what waits here')
  })
  .prefault({})
  .describe('where batches wait until their output has taken them')

import { z } from 'zod'
import { redisUrl } from '../../buffer/redis/config.ts'
import { name, text } from '../../config/fields.ts'

/** A list for a Logstash that still reads one. */
export const redisListOutputConfig = z
  .strictObject({
    name: name().default('redis-list').describe('what routes and the ledger call this output'),
    'redis-list': z
      .strictObject({
        server: redisUrl.describe('address of the Redis server'),
        key: text('the key of a list', (key) => key !== '' && !/\p{Cc}/u.test(key)).describe(
          "key of the list that Logstash's redis input reads (`data_type => list`)",
        ),
      })
      .describe('a list in Redis, one JSON event an element, for a Logstash that reads it'),
  })
  .transform(({ name, 'redis-list': list }) => ({ kind: 'redis-list' as const, name, ...list }))

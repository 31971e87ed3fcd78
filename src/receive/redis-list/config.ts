import { z } from 'zod'
import { redisUrl } from '../../buffer/redis/config.ts'
import { text } from '../../config/fields.ts'

const key = text('the key of a list', (key) => key !== '' && !/\p{Cc}/u.test(key))

/** A list that rsyslog, Filebeat or Logstash write. */
export const redisListConfig = z
  .strictObject({
    'redis-list': key.describe('key of a list of JSON events, as rsyslog, Filebeat and Logstash write it'),
    servers: z.array(redisUrl).min(1).describe('addresses of the Redis servers; the list is read in each'),
    reader: text('a name of letters, digits, dots, dashes and underscores', (name) => /^[\w.-]+$/.test(name))
      .optional()
      .describe('name of this reader, which no other reader of the list may have. Absent: the own host name'),
  })
  .transform(({ 'redis-list': key, ...rest }) => ({
    kind: 'redis-list' as const,
    name: `redis-list ${key}`,
    key,
    ...rest,
  }))

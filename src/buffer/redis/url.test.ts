import { describe, expect, test } from 'vitest'
import { parseRedisUrl } from './url.ts'

test.each([
  ['redis://buffer1', { host: 'buffer1', port: 6379 }],
  ['redis://buffer1:6380/3', { host: 'buffer1', port: 6380, db: 3 }],
  ['redis://[::1]:6380', { host: '::1', port: 6380 }],
  ['redis://:p%40ss@buffer1', { host: 'buffer1', port: 6379, password: 'p@ss' }],
  ['redis://shipper:a%2Fb@buffer1', { host: 'buffer1', port: 6379, username: 'shipper', password: 'a/b' }],
  ['redis+unix:///run/redis.sock?db=2', { path: '/run/redis.sock', db: 2 }],
  ['rediss://buffer1', { host: 'buffer1', port: 6379, tls: {} }],
])('%s', (url, options) => {
  expect(parseRedisUrl(url).options).toEqual(options)
})

test('sentinels', () => {
  expect(parseRedisUrl('redis+sentinel://a,b:26380/main/1').options).toEqual({
    sentinels: [
      { host: 'a', port: 26379 },
      { host: 'b', port: 26380 },
    ],
    name: 'main',
    db: 1,
  })
})

describe('what is no address is refused, and no message repeats the password', () => {
  test.each([
    'redis://u:geheim@host:99999',
    'redis://u:geheim@',
    'redis://u:geheim%@host',
    'redis://u:geheim@host/x',
    'http://u:geheim@host',
    'u:geheim@host',
    'redis+unix://u:geheim@host/path',
    'redis+sentinel://u:geheim@host',
    'redis://u:geheim@host?colour=blue',
    'redis://u:geheim@host?password_file=/nowhere',
  ])('%s', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ name: 'UserError', exitCode: 78 }))
    expect(() => parseRedisUrl(url)).not.toThrow(/geheim/)
  })
})

#!lua flags=allow-oom
-- Drops a copy whose original was moved elsewhere by command, or that can't be read. Nothing is settled.
-- KEYS  1 copies (hash)   2 when they may be taken over (sorted set)   3 counts of the copies (hash)
-- ARGV  1 'stream number'
-- Gives 1: dropped; 0: there was none.
local line = redis.call('HGET', KEYS[1], ARGV[1] .. ':k')
redis.call('ZREM', KEYS[2], ARGV[1])
if not line then return 0 end
local events, bytes = string.match(line, '^%S+ %S+ %S+ (%d+) (%d+)')
local stored = #line + redis.call('HSTRLEN', KEYS[1], ARGV[1]) + 100
redis.call('HDEL', KEYS[1], ARGV[1], ARGV[1] .. ':k')
redis.call('HINCRBY', KEYS[3], 'batches', -1)
redis.call('HINCRBY', KEYS[3], 'events', 0 - (events or 0))
redis.call('HINCRBY', KEYS[3], 'bytes', 0 - (bytes or 0))
redis.call('HINCRBY', KEYS[3], 'stored', 0 - stored)
return 1

#!lua flags=allow-oom
-- Settles a batch from its copy, with the mark, as settle does from the original.
-- KEYS  1 copies (hash)   2 when each may be taken over (sorted set)   3 counts of the copies (hash)
--       4 settled numbers of the batch's stream (bitmap)   5 its open numbers (hash)   6 marks of the shipper (hash)
-- ARGV  1 stream   2 number   3 part   4 seconds that a stream is remembered   5 the mark's field   6 the mark
--       7 key line and id of the rest, '' for none   8 blob of the rest   9 events of the rest   10 bytes of the rest
-- Gives 1: settled; 0: gone.
local field = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('GETBIT', KEYS[4], ARGV[2]) == 1 then return 0 end
if tonumber(redis.call('HGET', KEYS[5], ARGV[2]) or 0) > tonumber(ARGV[3]) then return 0 end
local line = redis.call('HGET', KEYS[1], field .. ':k')
local events, bytes, stored = 0, 0, 0
if line then
  events, bytes = string.match(line, '^%S+ %S+ %S+ (%S+) (%S+)')
  stored = #line + redis.call('HSTRLEN', KEYS[1], field) + 100
end
if ARGV[7] == '' then
  redis.call('HDEL', KEYS[1], field, field .. ':k')
  redis.call('ZREM', KEYS[2], field)
  redis.call('SETBIT', KEYS[4], ARGV[2], 1)
  redis.call('HDEL', KEYS[5], ARGV[2])
  if line then
    redis.call('HINCRBY', KEYS[3], 'batches', -1)
    redis.call('HINCRBY', KEYS[3], 'events', 0 - events)
    redis.call('HINCRBY', KEYS[3], 'bytes', 0 - bytes)
    redis.call('HINCRBY', KEYS[3], 'stored', 0 - stored)
  end
else
  redis.call('HSET', KEYS[1], field, ARGV[8], field .. ':k', ARGV[7])
  redis.call('ZADD', KEYS[2], 0, field)
  if not line then redis.call('HINCRBY', KEYS[3], 'batches', 1) end
  redis.call('HINCRBY', KEYS[3], 'events', ARGV[9] - events)
  redis.call('HINCRBY', KEYS[3], 'bytes', ARGV[10] - bytes)
  redis.call('HINCRBY', KEYS[3], 'stored', #ARGV[7] + #ARGV[8] + 100 - stored)
  redis.call('HSET', KEYS[5], ARGV[2], ARGV[3] + 1)
  redis.call('EXPIRE', KEYS[5], ARGV[4])
end
redis.call('EXPIRE', KEYS[4], ARGV[4])
redis.call('HSET', KEYS[6], ARGV[5], ARGV[6])
return 1

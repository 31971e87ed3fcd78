#!lua
-- Keeps a copy of a batch that stands in another Redis. Without allow-oom, as append.
-- KEYS  1 copies (hash: 'stream number' -> blob, 'stream number:k' -> key line and id of the original)
--       2 when each may be taken over, ms (sorted set)   3 counts of the copies (hash)
--       4 settled numbers of the batch's stream (bitmap)
-- ARGV  1 'stream number'   2 number   3 key line and id   4 blob   5 events   6 bytes   7 most bytes stored
--       8 ms until it may be taken over
-- Gives 1: kept, or not needed since it is settled already; the error SLUICEFULL when there is no room.
if redis.call('GETBIT', KEYS[4], ARGV[2]) == 1 then return 1 end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
local stored = #ARGV[3] + #ARGV[4] + 100
if tonumber(redis.call('HGET', KEYS[3], 'stored') or 0) + stored > tonumber(ARGV[7]) then
  return redis.error_reply('SLUICEFULL no room for copies')
end
-- To the microsecond: what comes in the same millisecond keeps its order.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4], ARGV[1] .. ':k', ARGV[3])
redis.call('ZADD', KEYS[2], string.format('%.3f', now + ARGV[8]), ARGV[1])
redis.call('HINCRBY', KEYS[3], 'batches', 1)
redis.call('HINCRBY', KEYS[3], 'events', ARGV[5])
redis.call('HINCRBY', KEYS[3], 'bytes', ARGV[6])
redis.call('HINCRBY', KEYS[3], 'stored', stored)
return 1

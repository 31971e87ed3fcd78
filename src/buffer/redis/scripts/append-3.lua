#!lua
-- Appends a batch, unless the buffer is full. Without allow-oom: a server at its maxmemory refuses the whole script.
-- KEYS  1 batches (stream)   2 counts (hash)   3 what was appended of this batch's stream (hash)
-- ARGV  1 key line   2 blob   3 events   4 bytes of the body   5 high water, bytes stored   6 low water
--       7 the batch's number   8 seconds that a stream is remembered   9 reading positions (JSON), '' for none
-- Gives the entry's id; the error SLUICEFULL when nothing was appended.
local stored = #ARGV[1] + #ARGV[2] + 100
local state = redis.call('HMGET', KEYS[2], 'stored', 'full')
local holds = tonumber(state[1] or 0)
if state[2] == '1' and holds > tonumber(ARGV[6]) then
  return redis.error_reply('SLUICEFULL above the low-water mark')
end
if holds + stored > tonumber(ARGV[5]) then
  if holds > 0 then redis.call('HSET', KEYS[2], 'full', '1') end
  return redis.error_reply('SLUICEFULL above the high-water mark')
end
if state[2] == '1' then redis.call('HDEL', KEYS[2], 'full') end
local id = redis.call('XADD', KEYS[1], '*', 'k', ARGV[1], 'b', ARGV[2])
redis.call('HINCRBY', KEYS[2], 'batches', 1)
redis.call('HINCRBY', KEYS[2], 'events', ARGV[3])
redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[4])
redis.call('HINCRBY', KEYS[2], 'stored', stored)
redis.call('HINCRBY', KEYS[3], 'batches', 1)
redis.call('HINCRBY', KEYS[3], 'events', ARGV[3])
if tonumber(redis.call('HGET', KEYS[3], 'last') or 0) < tonumber(ARGV[7]) then
  redis.call('HSET', KEYS[3], 'last', ARGV[7])
end
-- The newest numbers, with their events: a receiver that was killed asks which of its last ones arrived.
redis.call('HSET', KEYS[3], 'n' .. ARGV[7], ARGV[3])
local old = tonumber(ARGV[7]) - 256
redis.call('HDEL', KEYS[3], 'n' .. old, 'p' .. old)
-- Such a receiver reads on where the newest of these batches ended.
if ARGV[9] ~= '' then redis.call('HSET', KEYS[3], 'p' .. ARGV[7], ARGV[9]) end
redis.call('EXPIRE', KEYS[3], ARGV[8])
return id

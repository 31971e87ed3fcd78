#!lua flags=allow-oom
-- Notes what was settled in another Redis: its copies here are not needed any more.
-- KEYS  1 settled numbers of the stream (bitmap)   2 copies (hash)   3 when they may be taken over (sorted set)
--       4 counts of the copies (hash)
-- ARGV  1 stream   2 seconds that a stream is remembered   3... numbers
-- Gives the number of copies that were dropped.
local dropped = 0
for i = 3, #ARGV do
  redis.call('SETBIT', KEYS[1], ARGV[i], 1)
  local field = ARGV[1] .. ' ' .. ARGV[i]
  local line = redis.call('HGET', KEYS[2], field .. ':k')
  if line then
    local events, bytes = string.match(line, '^%S+ %S+ %S+ (%S+) (%S+)')
    local stored = #line + redis.call('HSTRLEN', KEYS[2], field) + 100
    redis.call('HDEL', KEYS[2], field, field .. ':k')
    redis.call('ZREM', KEYS[3], field)
    redis.call('HINCRBY', KEYS[4], 'batches', -1)
    redis.call('HINCRBY', KEYS[4], 'events', 0 - events)
    redis.call('HINCRBY', KEYS[4], 'bytes', 0 - bytes)
    redis.call('HINCRBY', KEYS[4], 'stored', 0 - stored)
    dropped = dropped + 1
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return dropped

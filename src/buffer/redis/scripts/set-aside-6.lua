#!lua flags=allow-oom
-- Takes an entry that can't be read out of the way of the others and keeps its bytes for people.
-- KEYS  1 batches (stream)   2 counts (hash)   3 rests (hash)   4 damaged (stream)   5 unacknowledged marks (hash)
--       6 settled numbers of the batch's stream (bitmap)
-- ARGV  1 group   2 entry id   3 events   4 bytes   5 bytes stored   6 field of the mark, '' for none   7 the mark
--       8 number   9 seconds that a stream is remembered
-- Gives 1: set aside; 0: it was gone.
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if not entry then return 0 end
local fields = { 'from', ARGV[2] }
for _, value in ipairs(entry[2]) do fields[#fields + 1] = value end
local rest = redis.call('HGET', KEYS[3], ARGV[2])
if rest then
  fields[#fields + 1] = 'rest'
  fields[#fields + 1] = rest
end
-- A stranger who can write into this Redis must not fill it with what nobody looks at.
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 1000, '*', unpack(fields))
redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[2], ARGV[2] .. ':k')
redis.call('HINCRBY', KEYS[2], 'batches', -1)
redis.call('HINCRBY', KEYS[2], 'events', 0 - ARGV[3])
redis.call('HINCRBY', KEYS[2], 'bytes', 0 - ARGV[4])
redis.call('HINCRBY', KEYS[2], 'stored', 0 - ARGV[5])
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[6], ARGV[7])
  -- Counted as lost by that mark: nobody else is to count it.
  redis.call('SETBIT', KEYS[6], ARGV[8], 1)
  redis.call('EXPIRE', KEYS[6], ARGV[9])
end
return 1

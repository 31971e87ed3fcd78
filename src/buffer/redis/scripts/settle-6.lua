#!lua flags=allow-oom
-- Settles a lease: the mark, the rest and the batch's end in one step. With allow-oom, or a full server never drains.
-- KEYS  1 batches (stream)   2 counts (hash)   3 rests (hash: id -> blob, id:k -> key line)
--       4 settled numbers of the batch's stream (bitmap)   5 its open numbers (hash: number -> part that is due)
--       6 marks that the shipper has not yet taken over (hash)
-- ARGV  1 group   2 consumer   3 entry id   4 number   5 part   6 events   7 bytes   8 bytes stored
--       9 the mark's field   10 the mark   11 key line of the rest, '' for none   12 blob of the rest
--       13 events of the rest   14 bytes of the rest   15 seconds that a stream is remembered
-- Gives 1: settled; 2: settled, and the rest comes as an entry of its own, since the lease was lost with its group;
-- 0: gone (settled before, or another consumer has it).
local result = 1
local function count(events, bytes, stored, batches)
  redis.call('HINCRBY', KEYS[2], 'batches', batches)
  redis.call('HINCRBY', KEYS[2], 'events', events)
  redis.call('HINCRBY', KEYS[2], 'bytes', bytes)
  redis.call('HINCRBY', KEYS[2], 'stored', stored)
end
-- 0 - n, since Lua writes -n as '-0' when n is '0'.
local function remove()
  redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[3])
  if redis.call('XDEL', KEYS[1], ARGV[3]) == 1 then count(0 - ARGV[6], 0 - ARGV[7], 0 - ARGV[8], -1) end
  redis.call('HDEL', KEYS[3], ARGV[3], ARGV[3] .. ':k')
end
-- An error is a group that a flush took away: then nobody has it.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
local owner = not pending.err and pending[1] and pending[1][2]
if owner and owner ~= ARGV[2] then return 0 end
local number = tonumber(ARGV[4])
local part = tonumber(ARGV[5])
local closed = redis.call('GETBIT', KEYS[4], number) == 1
local due = tonumber(redis.call('HGET', KEYS[5], number) or 0)
if closed or due > part then
  -- What stands there may be the rest that somebody else has left under this id.
  if closed or redis.call('HEXISTS', KEYS[3], ARGV[3]) == 0 then remove() end
  return 0
end
if ARGV[11] == '' then
  remove()
  redis.call('SETBIT', KEYS[4], number, 1)
  redis.call('HDEL', KEYS[5], number)
else
  local stored = #ARGV[11] + #ARGV[12] + 100
  if owner then
    redis.call('HSET', KEYS[3], ARGV[3], ARGV[12], ARGV[3] .. ':k', ARGV[11])
    count(ARGV[13] - ARGV[6], ARGV[14] - ARGV[7], stored - ARGV[8], 0)
  else
    result = 2
    remove()
    redis.call('XADD', KEYS[1], '*', 'k', ARGV[11], 'b', ARGV[12])
    count(ARGV[13], ARGV[14], stored, 1)
  end
  redis.call('HSET', KEYS[5], number, part + 1)
  redis.call('EXPIRE', KEYS[5], ARGV[15])
end
redis.call('EXPIRE', KEYS[4], ARGV[15])
redis.call('HSET', KEYS[6], ARGV[9], ARGV[10])
return result

#!lua flags=no-writes
-- What waits.
-- KEYS  1 batches (stream)   2 counts (hash)   3 rests (hash)
-- Gives batches, events, bytes, bytes stored, key line of the oldest entry ('' for none), its id.
local counts = redis.call('HMGET', KEYS[2], 'batches', 'events', 'bytes', 'stored')
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local line, id = '', ''
if first then
  id = first[1]
  line = redis.call('HGET', KEYS[3], id .. ':k') or first[2][2]
end
return { tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0), tonumber(counts[4] or 0), line, id }

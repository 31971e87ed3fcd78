#!lua flags=allow-oom
-- The copies that may be taken over now, oldest first; nobody else gets them for a lease.
-- KEYS  1 when each may be taken over (sorted set)   2 copies (hash)
-- ARGV  1 ms of a lease   2 at most so many
-- Gives 'stream number', key line and id, ... in turn.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = {}
for place, field in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  redis.call('ZADD', KEYS[1], string.format('%.3f', now + ARGV[1] + place / 1000), field)
  due[#due + 1] = field
  due[#due + 1] = redis.call('HGET', KEYS[2], field .. ':k') or ''
end
return due

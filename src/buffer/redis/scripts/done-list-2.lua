#!lua flags=allow-oom
-- Elements that are safe elsewhere leave the list of those in hand.
-- KEYS  1 in hand (list)   2 state (hash)
-- ARGV  1 number of the last element that is done   2 the stream that it is of
-- Gives how many were removed; a number that was done before, or is of another stream, removes none.
if redis.call('HGET', KEYS[2], 'stream') ~= ARGV[2] then return 0 end
local done = tonumber(redis.call('HGET', KEYS[2], 'done') or 0)
local more = math.min(tonumber(ARGV[1]) - done, redis.call('LLEN', KEYS[1]))
if more <= 0 then return 0 end
redis.call('LTRIM', KEYS[1], more, -1)
redis.call('HINCRBY', KEYS[2], 'done', more)
return more

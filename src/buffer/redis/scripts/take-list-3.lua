#!lua flags=allow-oom
-- Moves elements from a list to those in hand. They keep their numbers until they are done, whoever asks again.
-- KEYS  1 list   2 in hand (list)   3 state (hash: stream, done: elements ever done)
-- ARGV  1 at most so many in hand   2 how many of those in hand are known to the reader   3 a stream, if there is none yet
-- Gives stream, number of the first element that is given (from 1), elements...
redis.call('HSETNX', KEYS[3], 'stream', ARGV[3])
local held = redis.call('LLEN', KEYS[2])
for _ = held + 1, tonumber(ARGV[1]) do
  if not redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT') then break end
end
local first = tonumber(redis.call('HGET', KEYS[3], 'done') or 0) + tonumber(ARGV[2]) + 1
local answer = { redis.call('HGET', KEYS[3], 'stream'), first }
for _, element in ipairs(redis.call('LRANGE', KEYS[2], ARGV[2], -1)) do answer[#answer + 1] = element end
return answer

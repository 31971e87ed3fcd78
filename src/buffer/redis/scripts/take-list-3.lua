#!lua flags=allow-oom
-- Moves elements from a list to those in hand. They keep their numbers until they are done, whoever asks again.
-- KEYS  1 list   2 in hand (list)   3 state (hash: stream, done: elements ever done)
-- ARGV  1 at most so many in hand   2 bytes that may be moved   3 a stream, if a new one is needed
--       4 stream that the reader knows ('' for none)   5 number of the last element that it knows to be done, and
--       6 of the last that it was given
-- Gives stream, number of the first element that is given (from 1), elements...
-- A stream other than the reader's: the server lost its data or a part of it, and numbers would be given out twice.
redis.call('HSETNX', KEYS[3], 'stream', ARGV[3])
local stream = redis.call('HGET', KEYS[3], 'stream')
local done = tonumber(redis.call('HGET', KEYS[3], 'done') or 0)
local held = redis.call('LLEN', KEYS[2])
local known = 0
if ARGV[4] ~= '' then
  known = tonumber(ARGV[6]) - done
  if stream ~= ARGV[4] or done < tonumber(ARGV[5]) or known < 0 or known > held then
    stream, known = ARGV[3], 0
    redis.call('HSET', KEYS[3], 'stream', stream)
  end
end
local left = tonumber(ARGV[2])
for _ = held + 1, tonumber(ARGV[1]) do
  if left <= 0 then break end
  local element = redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')
  if not element then break end
  left = left - #element
end
local answer = { stream, done + known + 1 }
for _, element in ipairs(redis.call('LRANGE', KEYS[2], known, -1)) do answer[#answer + 1] = element end
return answer

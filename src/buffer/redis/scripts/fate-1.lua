#!lua flags=no-writes
-- What became of batches that were appended here.
-- KEYS  1 batches (stream)
-- ARGV  prefixes of the keys of settled numbers, of open numbers, of moved numbers, then per batch: id, stream, number
-- Gives per batch 0: neither waiting nor settled, so lost; 1: waiting; 2: settled (its rest may still wait), or moved
-- elsewhere by command.
local fates = {}
for i = 4, #ARGV, 3 do
  local fate = 0
  if redis.call('GETBIT', ARGV[1] .. ARGV[i + 1], ARGV[i + 2]) == 1 then
    fate = 2
  elseif #redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i]) > 0 then
    fate = 1
  elseif redis.call('HEXISTS', ARGV[2] .. ARGV[i + 1], ARGV[i + 2]) == 1 then
    fate = 2
  elseif redis.call('GETBIT', ARGV[3] .. ARGV[i + 1], ARGV[i + 2]) == 1 then
    fate = 2
  end
  fates[#fates + 1] = fate
end
return fates

#!lua
-- Appends the events of a batch to a list, once. Without allow-oom: a full server takes none of them.
-- KEYS  1 list   2 batches of the stream that were written (hash: 'number part')
-- ARGV  1 'number part'   2 seconds that a stream is remembered   3... events
-- Gives 1: written; 0: it was there before.
if redis.call('HSETNX', KEYS[2], ARGV[1], 1) == 0 then return 0 end
redis.call('EXPIRE', KEYS[2], ARGV[2])
for i = 3, #ARGV, 500 do redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 499, #ARGV))) end
return 1

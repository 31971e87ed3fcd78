#!lua flags=allow-oom
-- Removes an entry that stands in another buffer now. It is not settled: no mark, no number. But it is noted as moved,
-- or who appended it would take it for lost.
-- KEYS  1 batches (stream)   2 counts (hash)   3 rests (hash)   4 moved numbers of the batch's stream (bitmap)
-- ARGV  1 group   2 entry id   3 events   4 bytes   5 bytes stored   6 number   7 seconds that a stream is remembered
-- Gives 1: removed; 0: it was gone.
redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[2], ARGV[2] .. ':k')
if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[2], 'batches', -1)
redis.call('HINCRBY', KEYS[2], 'events', 0 - ARGV[3])
redis.call('HINCRBY', KEYS[2], 'bytes', 0 - ARGV[4])
redis.call('HINCRBY', KEYS[2], 'stored', 0 - ARGV[5])
redis.call('SETBIT', KEYS[4], ARGV[6], 1)
redis.call('EXPIRE', KEYS[4], ARGV[7])
return 1

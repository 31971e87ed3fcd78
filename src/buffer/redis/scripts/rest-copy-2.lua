#!lua flags=allow-oom
-- Puts what is left of a batch in the place of its copy.
-- KEYS  1 copies (hash)   2 counts of the copies (hash)
-- ARGV  1 'stream number'   2 key line and id   3 blob   4 events   5 bytes
-- Gives 1: replaced; 0: there was no copy.
local line = redis.call('HGET', KEYS[1], ARGV[1] .. ':k')
if not line then return 0 end
local events, bytes = string.match(line, '^%S+ %S+ %S+ (%S+) (%S+)')
local stored = #ARGV[2] + #ARGV[3] - #line - redis.call('HSTRLEN', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[1] .. ':k', ARGV[2])
redis.call('HINCRBY', KEYS[2], 'events', ARGV[4] - events)
redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[5] - bytes)
redis.call('HINCRBY', KEYS[2], 'stored', stored)
return 1

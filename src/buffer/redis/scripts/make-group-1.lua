#!lua flags=allow-oom
-- Makes the shippers' group. From the stream's beginning: what was appended before the group was made belongs to it.
-- With allow-oom: the group of a Redis that is full before its first shipper comes could never be made.
-- KEYS  1 batches (stream)
-- ARGV  1 group
-- Gives 1, also when it was there.
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
return 1

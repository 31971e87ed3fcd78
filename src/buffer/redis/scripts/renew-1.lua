#!lua flags=allow-oom
-- Renews leases that the consumer still has, or lets them run out sooner; others are left to whom they belong.
-- KEYS  1 batches (stream)
-- ARGV  1 group   2 consumer   3 how much of a lease's time is over already, ms   4... entry ids
-- Gives the ids that were renewed.
local renewed = {}
for i = 4, #ARGV do
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
  if not pending.err and pending[1] and pending[1][2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', ARGV[3], 'JUSTID')
    renewed[#renewed + 1] = ARGV[i]
  end
end
return renewed

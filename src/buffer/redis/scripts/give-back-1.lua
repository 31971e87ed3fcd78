#!lua flags=allow-oom
-- Lets others have at once what a consumer that ends still holds: by its idle time its leases have run out.
-- KEYS  1 batches (stream)
-- ARGV  1 group   2 consumer   3 idle time, ms
-- Gives how many there were.
local given = 0
local from = '-'
while true do
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], from, '+', 500, ARGV[2])
  if pending.err or #pending == 0 then return given end
  for _, entry in ipairs(pending) do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, entry[1], 'IDLE', ARGV[3], 'JUSTID')
    given = given + 1
  end
  from = '(' .. pending[#pending][1]
end

-- Make a window, make it anew, or let it reach further back. KEYS: standing, window, ahead. ARGV: epoch, size_max,
-- idle (ms), head, low, high, cost (ms), then seq, version and text of each comment with low <= seq <= high.
-- Comments that reach back count only if nothing has changed older ones since they were read.
local standing, epoch = standing_of(KEYS), tonumber(ARGV[1])
local head, low, high = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local newest = high >= head
if standing.epoch and standing.epoch > epoch then return 0 end
if standing.epoch ~= epoch then
  redis.call('DEL', unpack(KEYS))
  if not newest then return 0 end
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'through', head, 'concerned', head)
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  standing = {from = low, concerned = head}
end
local from, whole = standing.from, low <= standing.from
if head >= standing.concerned and high >= from - 1 and (whole or newest) then
  if low > from then redis.call('ZREMRANGEBYSCORE', KEYS[2], from, low - 1) end
  from, whole = low, true
end
put(KEYS[2], from, ARGV, 8)
from = trim(KEYS[2], from, tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'from', from, 'size', redis.call('ZCARD', KEYS[2]))
if newest and whole then
  redis.call('HSET', KEYS[1], 'made_ms', now_ms(), 'cost_ms', ARGV[7])
end
idle_as(KEYS[1], {KEYS[2], KEYS[3]})
return 1

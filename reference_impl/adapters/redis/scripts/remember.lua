-- Bring changes into a window. KEYS: standing, window, ahead. ARGV: epoch, size_max, ahead_max, idle (ms), concerned,
-- how many stretches of places, their first and last seq, then seq, version and text of each comment.
-- Answers how many copies there are, 0 when there is no window.
local standing, epoch, stretches = standing_of(KEYS), tonumber(ARGV[1]), tonumber(ARGV[6])
if standing.epoch ~= epoch then
  if standing.epoch and standing.epoch > epoch then return 0 end
  redis.call('DEL', unpack(KEYS))
  if ARGV[7] ~= '1' then return 0 end -- not the stream's beginning
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'made_ms', now_ms(), 'cost_ms', 0)
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  standing = {from = 1, through = 0, concerned = 0}
end
local from, through = standing.from, standing.through
put(KEYS[2], from, ARGV, 7 + 2 * stretches)
for at = 7, 5 + 2 * stretches, 2 do
  local first, last = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  if first <= through + 1 then
    through = math.max(through, last)
  else
    redis.call('ZADD', KEYS[3], first, first .. '-' .. last)
  end
end
while true do
  local next = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
  if not next then break end
  local first, last = next:match('(%d+)-(%d+)')
  if tonumber(first) > through + 1 then break end
  through = math.max(through, tonumber(last))
  redis.call('ZREM', KEYS[3], next)
end
if redis.call('ZCARD', KEYS[3]) > tonumber(ARGV[3]) then
  redis.call('DEL', unpack(KEYS))
  return 0
end
from = trim(KEYS[2], from, tonumber(ARGV[2]))
local concerned = math.max(standing.concerned, tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], 'from', from, 'through', through, 'concerned', concerned, 'size', redis.call('ZCARD', KEYS[2]))
idle_as(KEYS[1], {KEYS[2], KEYS[3]})
if standing.copies and now_ms() - standing.copies_ms < 60000 then return standing.copies end
return 1

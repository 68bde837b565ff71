-- Read a stretch of the window, and how the stream stands. ARGV: first, last, how many at most.
local hot = redis.call('HMGET', KEYS[1], 'term', 'open', 'run', 'durable', 'head', 'epoch')
local is = standing(hot[1], hot[2], hot[3], hot[4])
local entries = {}
if hot[1] and tonumber(ARGV[3]) > 0 then
  entries = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[2], 'COUNT', ARGV[3])
end
return {is, hot[1] or '0', hot[6] or '0', hot[5] or '0', redis.call('XLEN', KEYS[2]), entries}

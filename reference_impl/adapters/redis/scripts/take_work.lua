-- Take the oldest work of a part that is not done: first what was taken before, by whomever. KEYS: holder, stream.
-- ARGV: worker:token, group, how many.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another one has the part') end
local claimed = redis.call('XAUTOCLAIM', KEYS[2], ARGV[2], ARGV[1], 0, '0-0', 'COUNT', ARGV[3])[2]
if #claimed > 0 then return claimed end
local read = redis.call('XREADGROUP', 'GROUP', ARGV[2], ARGV[1], 'COUNT', ARGV[3], 'STREAMS', KEYS[2], '>')
return read and read[1][2] or {}

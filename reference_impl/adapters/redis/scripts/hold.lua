-- Take or renew a part. KEYS: holder, token, stream. ARGV: worker, token that it has (0: none), lease (ms), group.
-- Tokens are times where that is more than one higher, so that a Redis which has lost its own goes on above them.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] .. ':' .. ARGV[2] then return 0 end
local token = ARGV[2]
if not holder then
  local now = redis.call('TIME')
  local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
  token = string.format('%.0f', math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, now_ms))
  redis.call('SET', KEYS[2], token)
  redis.pcall('XGROUP', 'CREATE', KEYS[3], ARGV[4], '0', 'MKSTREAM')
end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. token, 'PX', ARGV[3])
return tonumber(token)

-- Take or renew a part. KEYS: holder, token, stream. ARGV: worker, token that it has (0: none), lease (ms), group.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] .. ':' .. ARGV[2] then return 0 end
local token = ARGV[2]
if not holder then
  token = redis.call('INCR', KEYS[2])
  redis.pcall('XGROUP', 'CREATE', KEYS[3], ARGV[4], '0', 'MKSTREAM')
end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. token, 'PX', ARGV[3])
return tonumber(token)

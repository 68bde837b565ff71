-- Forget what is archived. ARGV: term, watermark, how many entries at most.
if redis.call('HGET', KEYS[1], 'term') ~= ARGV[1] then return -1 end
local freed, last = 0, nil
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', ARGV[2] .. '-0', 'COUNT', ARGV[3])) do
  freed, last = freed + #entry[2][4] + #entry[2][6], entry[1]
end
if last then
  redis.call('XTRIM', KEYS[2], 'MINID', whole(tonumber(string.match(last, '^%d+')) + 1))
  redis.call('HINCRBY', KEYS[1], 'bytes', -freed)
end
return redis.call('XLEN', KEYS[2])

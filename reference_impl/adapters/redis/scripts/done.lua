-- Forget work that is done. KEYS: holder, stream. ARGV: worker:token, group, ids.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another one has the part') end
for at = 3, #ARGV do
  redis.call('XACK', KEYS[2], ARGV[2], ARGV[at])
  redis.call('XDEL', KEYS[2], ARGV[at])
end
return 1

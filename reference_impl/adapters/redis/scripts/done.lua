-- Forget work that is done, or bury what cannot be. KEYS: holder, stream, stream of the buried. ARGV: worker:token,
-- group, how many buried ones are kept (0: it is done), ids.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another one has the part') end
for at = 4, #ARGV do
  if ARGV[3] ~= '0' then
    for _, entry in ipairs(redis.call('XRANGE', KEYS[2], ARGV[at], ARGV[at])) do
      redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[3], '*', 'id', entry[1], 'd', entry[2][2])
    end
  end
  redis.call('XACK', KEYS[2], ARGV[2], ARGV[at])
  redis.call('XDEL', KEYS[2], ARGV[at])
end
return 1
